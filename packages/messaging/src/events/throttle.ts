/**
 * Tells the first of a kind at once, and what follows within the interval as one, with its number: what
 * happens to every message must not become a line for every message, and nothing is left out of the
 * count.
 */
export class Throttle<T> {
  readonly #intervalMs: number;
  readonly #tell: (last: T, count: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #last: T | undefined;
  #count = 0;

  /** @param intervalMs Default: one second */
  constructor(tell: (last: T, count: number) => void, intervalMs = 1000) {
    this.#tell = tell;
    this.#intervalMs = intervalMs;
  }

  happened(what: T): void {
    if (this.#timer === undefined) {
      this.#tell(what, 1);
      this.#wait();
      return;
    }
    this.#last = what;
    this.#count++;
  }

  /** Tells what is still held back. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const count = this.#count;
    this.#count = 0;
    if (count > 0) this.#tell(this.#last as T, count);
    this.#last = undefined;
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      const hadMore = this.#count > 0;
      this.flush();
      if (hadMore) this.#wait();
    }, this.#intervalMs);
    this.#timer.unref();
  }
}
