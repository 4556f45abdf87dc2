/** A span of time that several steps share. */
export class Budget {
  readonly #end: number;

  constructor(ms: number) {
    this.#end = performance.now() + ms;
  }

  /** What is left, in whole milliseconds; never negative. */
  get leftMs(): number {
    return Math.max(0, Math.floor(this.#end - performance.now()));
  }

  /** Waits for `work`, but not beyond the budget; a rejection ends the wait and is dropped. */
  async wait(work: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.leftMs);
    });
    await Promise.race([work.catch(() => {}), over]);
    clearTimeout(timer);
  }
}
