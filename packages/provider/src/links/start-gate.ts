/**
 * Bounds how many links are started at the same moment, so that a thousand links do not dial a
 * thousand servers at once. A slow link gives its place up after `holdMs` although it goes on:
 * links that hang never keep others waiting for longer than that.
 */
export class StartGate {
  readonly #places: number;
  readonly #holdMs: number;
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  constructor(places = 32, holdMs = 1_000) {
    this.#places = places;
    this.#holdMs = holdMs;
  }

  /** Runs `start` as soon as there is a place; at once, without it, if `signal` is aborted. */
  async run<T>(signal: AbortSignal, start: () => Promise<T>): Promise<T> {
    if (this.#taken >= this.#places) await this.#turn(signal);
    signal.throwIfAborted();
    this.#taken++;
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      this.#taken--;
      const [next] = this.#waiting;
      next?.();
    };
    const timer = setTimeout(release, this.#holdMs);
    timer.unref();
    try {
      return await start();
    } finally {
      clearTimeout(timer);
      release();
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    // A place may be taken again between the call and its continuation.
    while (this.#taken >= this.#places && !signal.aborted)
      await new Promise<void>((resolve) => {
        const proceed = (): void => {
          this.#waiting.delete(proceed);
          signal.removeEventListener("abort", proceed);
          resolve();
        };
        this.#waiting.add(proceed);
        signal.addEventListener("abort", proceed);
      });
    // Woken but aborted: the place belongs to the next in line.
    if (signal.aborted && this.#taken < this.#places) {
      const [next] = this.#waiting;
      next?.();
    }
  }
}
