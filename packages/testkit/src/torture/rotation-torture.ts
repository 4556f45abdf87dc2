import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";

import type { NatsConnection } from "@nats-io/nats-core";

import { now, shared } from "./clock.js";
import { faultKinds, heal, type TortureFault } from "./faults.js";
import { seededRandom } from "./random.js";
import { schedule, type Round } from "./schedule.js";
import { Site, type SiteOptions, type TortureSite } from "./site.js";
import type { Step } from "./timeline.js";
import type { TortureReport } from "./torture-report.js";
import { TrafficAround } from "./traffic-around.js";
import type { TortureRates } from "./traffic.js";

/** A client whose credential can be changed. */
export interface Rotatable {
  readonly connection: NatsConnection;
  /** Takes what the source gives now. Resolves when the connection runs on it; rejects if it is refused. */
  readonly rotate: () => Promise<void>;
  /** Steps of the last rotation, if the client tells them. */
  readonly steps?: () => readonly Step[];
}

/** What is tortured, and how hard. */
export interface TortureOptions extends Pick<SiteOptions, "size" | "users"> {
  /** Makes the client under test. Its connection is closed at the end. */
  readonly connect: (site: TortureSite) => Promise<Rotatable>;
  /** How many rotations. Default 20. */
  readonly rotations?: number;
  /** The same seed gives the same schedule of pauses and faults. Default 1. */
  readonly seed?: number;
  /** Pauses are between 0 and so many milliseconds; half of the rotations follow at once. Default 40. */
  readonly longestPauseMs?: number;
  /** What goes wrong with every third rotation. Default: nothing. */
  readonly faults?: readonly TortureFault[];
  readonly rates?: Partial<TortureRates>;
  /** Called before each rotation. */
  readonly onRound?: (round: number) => void;
}

/** A client has to be back so soon after a fault has gone, in milliseconds. */
const recoveryMs = 10_000;
/** A rotation that has not ended by then never will, in milliseconds. */
const rotationMs = 30_000;

/**
 * Starts real servers and a client, rotates the client's credential again and again under numbered traffic
 * in all directions while things go wrong, and accounts for every message: each one lost, doubled or late is
 * named with the place in a rotation where it was sent.
 *
 * Streams in: callback and iterator subscriptions, a queue group, overlapping wildcards, an inbox, JetStream
 * by `consume`, `fetch`, push and ordered consumers, a KV watch. Out: publishes, JetStream publishes.
 * Requests both ways in three forms, with slow asynchronous handlers.
 *
 * Messages of core NATS that are on their way when a fault breaks connections are nobody's promise: they are
 * counted as excused. No fault excuses a JetStream loss, or a client that does not come back.
 */
export async function rotationTorture(
  options: TortureOptions,
): Promise<TortureReport> {
  const faults = options.faults ?? [];
  const size = options.size ?? 1;
  await using site = await Site.open({
    ...options,
    jetStream: options.rates?.jetStream !== 0,
    proxies: faults.length > 0,
  });
  const tested = await options.connect(site);
  try {
    const traffic = await TrafficAround.start(tested.connection, {
      servers: site.members.map(({ url }) => url),
      user: site.peer,
      faults: faults.length > 0,
      replicas: size,
      ...(options.rates !== undefined && { rates: options.rates }),
    });
    const rounds = schedule(
      options.rotations ?? 20,
      options.longestPauseMs ?? 40,
      faults,
      options.seed ?? 1,
    );
    const random = seededRandom((options.seed ?? 1) + 1);
    for (const [number, round] of rounds.entries()) {
      options.onRound?.(number);
      await pause(round.pauseMs);
      await rotateOnce(site, tested, traffic, number, round, random);
    }
    await pause(50);
    return await traffic.finish();
  } finally {
    await tested.connection.close();
  }
}

async function rotateOnce(
  site: Site,
  tested: Rotatable,
  traffic: TrafficAround,
  number: number,
  { fault, faultAfterMs }: Round,
  random: () => number,
): Promise<void> {
  const { timeline, faults, wrongRotations } = traffic;
  const kind = fault === undefined ? undefined : faultKinds[fault];
  await kind?.before?.(site);
  if (fault !== "revoke") site.advance();
  const start = now();
  const rotating = outcome(tested.rotate());
  let struck = start;
  if (kind?.strike !== undefined) {
    await pause(faultAfterMs);
    struck = now();
    await kind.strike(site, random);
  }
  const failure = await rotating;
  heal(site);
  // Of one that failed there are none, and those of the one before are not its own.
  const steps = (tested.steps?.() ?? []).filter(
    ({ at }) => shared(at) >= start,
  );
  timeline.rotations.push({ start, end: now(), steps });
  if (fault === undefined || kind === undefined) {
    if (failure !== undefined)
      wrongRotations.push(`rotation ${number} failed: ${String(failure)}`);
    return;
  }
  if (kind.refuses && failure === undefined)
    wrongRotations.push(
      `rotation ${number} took what it had to refuse (${fault})`,
    );
  if (!kind.refuses && !kind.breaks && failure !== undefined)
    wrongRotations.push(
      `rotation ${number} failed (${fault}): ${String(failure)}`,
    );
  const healed = now();
  const isBack = await traffic.answers(recoveryMs);
  faults.push({
    fault,
    rotation: number,
    recoveredMs: isBack ? Math.round(now() - healed) : undefined,
  });
  if (kind.breaks)
    timeline.disturbances.push({ what: fault, start: struck, end: now() });
}

/** What it fails with; undefined if it does not. Never rejects. */
async function outcome(work: Promise<void>): Promise<Error | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Error>((resolve) => {
    timer = setTimeout(
      () => resolve(new Error(`it did not end within ${rotationMs} ms`)),
      rotationMs,
    );
  });
  const done = work.then(
    () => undefined,
    (error: unknown) =>
      error instanceof Error ? error : new Error(inspect(error)),
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
