/** How long others may take to ask for the same, in milliseconds: puts of one change come together. */
const patienceMs = 500;

/** Whether all who share something ask for the same change of it within a moment. */
export class Ballot {
  readonly #asking = new Map<string, Set<(isAgreed: boolean) => void>>();

  /**
   * Asks for a change. Resolves with true when all ask for it, with false when that took too long.
   *
   * @param all how many there are
   */
  ask(
    change: string,
    all: () => number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const asking = this.#asking.get(change) ?? new Set();
    this.#asking.set(change, asking);
    return new Promise((resolve) => {
      const give = (isAgreed: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", giveUp);
        asking.delete(give);
        if (asking.size === 0) this.#asking.delete(change);
        resolve(isAgreed);
      };
      const giveUp = (): void => give(false);
      const timer = setTimeout(giveUp, patienceMs);
      signal.addEventListener("abort", giveUp);
      asking.add(give);
      if (asking.size >= all()) for (const each of asking) each(true);
    });
  }
}
