import { until } from "../wait/until.js";

const defaultLimit = 4 * 1024 * 1024;

/**
 * The last part of a text that grows: what a child process prints. Positions are counted from the
 * start of the whole text, so they stay right when its beginning has been dropped.
 */
export class BoundedLog {
  readonly #limit: number;
  #text = "";
  #length = 0;

  /** @param limit characters that are kept. Default 4 Mi */
  constructor(limit = defaultLimit) {
    this.#limit = limit;
  }

  append(text: string): void {
    this.#length += text.length;
    this.#text = (this.#text + text).slice(-this.#limit);
  }

  /** Characters appended so far, kept or not: a position for {@link text} and {@link waitFor}. */
  get length(): number {
    return this.#length;
  }

  /** Characters at the beginning that are no longer kept. */
  get dropped(): number {
    return this.#length - this.#text.length;
  }

  /** What is kept of the text from a position on. Default: all that is kept. */
  text(from = 0): string {
    return this.#text.slice(Math.max(0, from - this.dropped));
  }

  /**
   * Waits until the text from a position on matches, and gives the match.
   *
   * @param ms at most so long. Default 5000
   * @throws Error with the end of the text if it does not
   */
  async waitFor(
    pattern: RegExp,
    ms = 5000,
    from = 0,
  ): Promise<RegExpExecArray> {
    const fresh = new RegExp(pattern.source, pattern.flags.replace("g", ""));
    let looked = -1;
    try {
      return await until(`a log line like ${String(pattern)}`, ms, () => {
        if (looked === this.#length) return undefined;
        looked = this.#length;
        return fresh.exec(this.text(from)) ?? undefined;
      });
    } catch (cause) {
      throw new Error(
        `${(cause as Error).message}. The log ends with:\n${this.text(from).slice(-3000)}`,
        { cause },
      );
    }
  }
}
