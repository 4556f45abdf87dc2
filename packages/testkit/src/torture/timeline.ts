import { shared } from "./clock.js";
import type { Deliveries } from "./logs.js";

/** A step of a rotation, as the client under test names it. */
export interface Step {
  readonly name: string;
  /** When it began, by `performance.now()`. */
  readonly at: number;
}

/** One change of the credential. */
export interface Rotation {
  readonly start: number;
  readonly end: number;
  readonly steps: readonly Step[];
}

/** From a fault that breaks connections until the client under test answered again. */
export interface Disturbance {
  readonly what: string;
  readonly start: number;
  readonly end: number;
}

/** How long before and after a rotation something still counts as its affair, in milliseconds. */
const marginMs = 5;

/** What happened when, while a client was tortured. */
export class Timeline {
  readonly rotations: Rotation[] = [];
  readonly disturbances: Disturbance[] = [];

  /** Whether a rotation was under way. */
  isRotating(time: number): boolean {
    const rotation = this.rotations[this.#indexAt(time)];
    return rotation !== undefined && time <= rotation.end;
  }

  /** For example `1.2 ms into rotation 7, "subscribe"`, or `between rotations`. */
  describe(time: number): string {
    const disturbance = this.disturbances.find(
      ({ start, end }) => time >= start && time <= end,
    );
    const during = disturbance === undefined ? "" : `, ${disturbance.what}`;
    const index = this.#indexAt(time + marginMs);
    const rotation = this.rotations[index];
    if (rotation === undefined || time > rotation.end + marginMs)
      return `between rotations${during}`;
    const step = rotation.steps.findLast(({ at }) => time >= shared(at));
    const where = step === undefined ? "" : `, "${step.name}"`;
    return `${(time - rotation.start).toFixed(1)} ms into rotation ${index}${where}${during}`;
  }

  /** Whether something between two moments is a fault's doing. */
  wasDisturbed(from: number, to: number): boolean {
    return this.disturbances.some(
      ({ start, end }) => from <= end && to >= start,
    );
  }

  /**
   * Judges lost messages of one stream: one that was sent before a fault's end, and had not been
   * overtaken before its begin, may have been on its way when the fault broke the connection.
   */
  lossJudge(
    deliveries: Deliveries,
  ): (number: number, sentAt: number) => boolean {
    const highest = this.disturbances.map(({ start }) => {
      let most = -1;
      for (let i = 0; i < deliveries.times.length; i++) {
        if ((deliveries.times[i] ?? 0) >= start) break;
        most = Math.max(most, deliveries.numbers[i] ?? -1);
      }
      return most;
    });
    return (number, sentAt) =>
      this.disturbances.some(
        ({ end }, index) => sentAt <= end && number > (highest[index] ?? -1),
      );
  }

  /** The last rotation that had begun. */
  #indexAt(time: number): number {
    let low = 0;
    let high = this.rotations.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.rotations[middle]?.start ?? Infinity) <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
