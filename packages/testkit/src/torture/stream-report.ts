import type { Deliveries } from "./logs.js";
import type { Timeline } from "./timeline.js";

/** What became of one numbered stream of messages. */
export interface StreamReport {
  readonly name: string;
  readonly sent: number;
  readonly received: number;
  /** Messages that never came, without those that a fault explains. */
  readonly lost: number;
  /** Deliveries beyond the first of a message, without those that a fault explains. */
  readonly duplicated: number;
  /** Messages that came after one with a higher number. */
  readonly late: number;
  /** Lost and duplicated ones that were on their way when a fault broke the connection. */
  readonly excused: number;
  /** The longest silence between two deliveries, in milliseconds, outside of faults. */
  readonly longestGapMs: number;
  /** From sending to delivery, of messages sent while a rotation was under way, and of the others. */
  readonly latency: { readonly rotating: Spread; readonly quiet: Spread };
  /** Each lost, duplicated or late message (the first 50), with where in a rotation it was sent. */
  readonly faults: readonly MessageFault[];
}

/** Milliseconds; 0 where there is none. */
export interface Spread {
  readonly median: number;
  readonly p99: number;
  readonly longest: number;
}

/** A message that did not arrive exactly once and in its turn. */
export interface MessageFault {
  readonly kind: "lost" | "duplicated" | "late";
  readonly number: number;
  /** For example `12.3 ms into rotation 7, "subscribe"`, or `between rotations`. */
  readonly when: string;
}

const shownFaults = 50;

/**
 * Accounts for each message of a stream.
 *
 * @param isDurable the server keeps its messages: no fault explains that one is missing
 */
export function streamReport(
  name: string,
  sentAt: readonly number[],
  deliveries: Deliveries,
  timeline: Timeline,
  isDurable = false,
): StreamReport {
  const faults: MessageFault[] = [];
  const tell = (kind: MessageFault["kind"], number: number, at: number) => {
    if (faults.length < shownFaults)
      faults.push({ kind, number, when: timeline.describe(at) });
  };
  const rotating: number[] = [];
  const quiet: number[] = [];
  const firstAt: number[] = [];
  let highest = -1;
  let late = 0;
  let duplicated = 0;
  let excused = 0;
  let gap = 0;
  let before: number | undefined;
  for (const [index, number] of deliveries.numbers.entries()) {
    const at = deliveries.times[index] ?? 0;
    const sent = sentAt[number] ?? Number.NaN;
    if (before !== undefined && !timeline.wasDisturbed(before, at))
      gap = Math.max(gap, at - before);
    before = at;
    const first = firstAt[number];
    if (first !== undefined) {
      // Its acknowledgement, or knowledge of it, may have been lost with the connection.
      if (timeline.wasDisturbed(first, at)) excused++;
      else {
        duplicated++;
        tell("duplicated", number, at);
      }
      continue;
    }
    firstAt[number] = at;
    if (number < highest) {
      late++;
      tell("late", number, sent);
    } else highest = number;
    if (Number.isNaN(sent) || timeline.wasDisturbed(sent, at)) continue;
    (timeline.isRotating(sent) ? rotating : quiet).push(at - sent);
  }
  const isExcused = timeline.lossJudge(deliveries);
  let lost = 0;
  for (const [number, at] of sentAt.entries()) {
    if (Number.isNaN(at) || firstAt[number] !== undefined) continue;
    if (!isDurable && isExcused(number, at)) excused++;
    else {
      lost++;
      tell("lost", number, at);
    }
  }
  return {
    name,
    sent: sentAt.length,
    received: deliveries.numbers.length,
    lost,
    duplicated,
    late,
    excused,
    longestGapMs: rounded(gap),
    latency: { rotating: spread(rotating), quiet: spread(quiet) },
    faults,
  };
}

/** Median, 99 % and longest; sorts what it is given. */
export function spread(times: number[]): Spread {
  const sorted = Float64Array.from(times).sort();
  const at = (share: number): number =>
    rounded(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return { median: at(0.5), p99: at(0.99), longest: at(1) };
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
