/**
 * Lets the first of a kind through at once and then one per interval, counting what it holds back,
 * so that garbage on a subject cannot flood a log.
 */
export class RateLimit {
  readonly #intervalMs: number;
  readonly #kinds = new Map<string, { next: number; suppressed: number }>();

  constructor(intervalMs = 10_000) {
    this.#intervalMs = intervalMs;
  }

  /** How many of this kind were held back since the last; undefined = hold this one back too. */
  pass(kind: string, now: number = Date.now()): number | undefined {
    const state = this.#kinds.get(kind) ?? { next: 0, suppressed: 0 };
    this.#kinds.set(kind, state);
    if (now < state.next) {
      state.suppressed++;
      return undefined;
    }
    const { suppressed } = state;
    state.next = now + this.#intervalMs;
    state.suppressed = 0;
    return suppressed;
  }
}
