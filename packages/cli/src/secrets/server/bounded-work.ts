/**
 * Runs tasks side by side, so many at a time; more wait, so many at most; what is over that is turned
 * away at once.
 */
export class BoundedWork {
  readonly #most: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => Promise<void>)[] = [];
  readonly #running = new Set<Promise<void>>();

  constructor(most: number, mostWaiting: number) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
  }

  /** @param task never rejects. @returns whether it is taken */
  take(task: () => Promise<void>): boolean {
    if (this.#running.size < this.#most) this.#start(task);
    else if (this.#waiting.length < this.#mostWaiting) this.#waiting.push(task);
    else return false;
    return true;
  }

  /** Waits until nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #start(task: () => Promise<void>): void {
    const run: Promise<void> = task().finally(() => {
      this.#running.delete(run);
      const next = this.#waiting.shift();
      if (next !== undefined) this.#start(next);
    });
    this.#running.add(run);
  }
}
