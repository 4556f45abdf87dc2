import { orAborted } from "./watching.js";

/**
 * Something open, such as a connection, that the reads of a source and its watch share. It is opened by
 * the first of them and closed when nobody uses it any more.
 */
export class Held<T extends AsyncDisposable> {
  readonly #open: () => Promise<T>;
  #opened: Promise<T> | undefined;
  #users = 0;

  constructor(open: () => Promise<T>) {
    this.#open = open;
  }

  /**
   * @param signal when it is aborted, `work` is left to itself, and what it used may be closed
   * @throws what opening it throws, each time that it is tried; what `work` throws; the signal's reason
   */
  async use<R>(
    signal: AbortSignal,
    work: (opened: T) => Promise<R>,
  ): Promise<R> {
    this.#users++;
    try {
      return await orAborted(signal, this.#get().then(work));
    } finally {
      this.#users--;
      // Who has read watches next, a few promises later: it is not closed and opened between the two.
      setImmediate(() => this.#closeIfUnused());
    }
  }

  /** Keeps open what reads have opened. @returns what ends that */
  hold(): () => void {
    const ended = new AbortController();
    this.use(ended.signal, () => new Promise<never>(() => undefined)).catch(
      () => undefined,
    );
    return () => ended.abort();
  }

  #get(): Promise<T> {
    this.#opened ??= this.#open().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  #closeIfUnused(): void {
    if (this.#users > 0) return;
    const opened = this.#opened;
    this.#opened = undefined;
    // What cannot be opened or closed has nothing to free.
    opened?.then((it) => it[Symbol.asyncDispose]()).catch(() => undefined);
  }
}
