import type { TortureFault } from "./faults.js";
import { seededRandom } from "./random.js";

/** One rotation to come. */
export interface Round {
  /** Pause before it, in milliseconds. */
  readonly pauseMs: number;
  readonly fault: TortureFault | undefined;
  /** When the fault strikes, in milliseconds from the beginning of the rotation. */
  readonly faultAfterMs: number;
}

/** A fault comes with every so-manieth rotation. */
const roundsPerFault = 3;
/** A hand-over on a quiet machine takes about as long. */
const strikeMs = 8;

/**
 * Rotations back to back and at random moments, half and half; every fault comes once before any comes
 * again. The same seed gives the same schedule.
 */
export function schedule(
  rounds: number,
  longestPauseMs: number,
  faults: readonly TortureFault[],
  seed: number,
): Round[] {
  const random = seededRandom(seed);
  let bag: TortureFault[] = [];
  const draw = (): TortureFault | undefined => {
    if (bag.length === 0) bag = [...faults];
    return bag.splice(Math.floor(random() * bag.length), 1)[0];
  };
  return Array.from({ length: rounds }, (_, index) => ({
    pauseMs: random() < 0.5 ? 0 : random() * longestPauseMs,
    fault: index % roundsPerFault === roundsPerFault - 1 ? draw() : undefined,
    faultAfterMs: random() * strikeMs,
  }));
}
