import { setTimeout as sleep } from "node:timers/promises";

import type { Secret } from "../secret/secret.js";
import { isReadableByAll, look, type Look } from "./look.js";
import { fileError, readFileSecret } from "./read-file.js";
import { watchFiles } from "./watch-files.js";

/** How long files have to be unchanged until what is wrong with them is wrong, in milliseconds. */
const settleMs = 500;
/** As {@link settleMs}, where nothing shows that a text is only half there: a password has no checksum. */
const quietMs = 250;
/** One who writes all the time is not waited for longer than that, in milliseconds. */
const longestWaitMs = 4000;
/** Pause between looks while waiting, in milliseconds. */
const againMs = 50;

/** Pause between looks at files whose change shows by itself, in milliseconds. */
export const defaultPollMs = 10_000;

/** Files that hold one thing together. */
export interface FileSet {
  /** Paths by the names that {@link SettledFilesOptions.make} knows. Inside `folder`, or whole without one. */
  readonly paths: ReadonlyMap<string, string>;
  readonly folder: string | undefined;
}

export interface SettledFilesOptions<T> {
  /** Which files; asked before each look, as it may depend on what is there. */
  readonly files: () => Promise<FileSet> | FileSet;
  /**
   * Makes the thing of the contents of those that were there, which are wiped afterwards.
   *
   * @param isFresh they changed a moment ago
   * @returns undefined if the files may not be whole
   * @throws what is wrong with them; it is believed when they are left alone
   */
  readonly make: (
    contents: ReadonlyMap<string, Secret>,
    seen: Look,
    isFresh: boolean,
  ) => Promise<T | undefined> | T | undefined;
  /** What the files are, for messages. */
  readonly what: string;
  /** Default {@link defaultPollMs}. */
  readonly pollMs?: number | undefined;
}

/**
 * Something in files that somebody else writes. What is half written is never used: files that
 * changed while they were read are read again, and what is wrong with files is believed once they are
 * left alone.
 */
export class SettledFiles<T> {
  readonly #options: SettledFilesOptions<T>;
  #seen: string | undefined;

  constructor(options: SettledFilesOptions<T>) {
    this.#options = options;
  }

  async read(signal: AbortSignal): Promise<T> {
    const started = performance.now();
    for (;;) {
      const before = await this.#look();
      signal.throwIfAborted();
      const isLate = performance.now() - started > longestWaitMs;
      const age = Date.now() - before.changedAt;
      const isFresh = (ms: number): boolean => !isLate && age < ms;
      try {
        const made = await this.#make(before, isFresh(quietMs));
        if (made !== undefined) {
          this.#seen = before.signature;
          return made;
        }
      } catch (error) {
        this.#seen = before.signature;
        // What went away while it was read is another thing by now, whenever that was written.
        const isSame = (await this.#look()).signature === before.signature;
        if (isLate || (isSame && !isFresh(settleMs))) throw error;
      }
      await sleep(againMs, undefined, { signal });
    }
  }

  watch(changed: () => void): () => void {
    return watchFiles({
      look: () => this.#look(),
      seen: this.#seen,
      pollMs: this.#options.pollMs ?? defaultPollMs,
      changed,
    });
  }

  async #look(): Promise<Look> {
    try {
      const { paths, folder } = await this.#options.files();
      return await look(paths, folder);
    } catch (error) {
      throw fileError(error, pathOf(error), this.#options.what);
    }
  }

  async #make(before: Look, isFresh: boolean): Promise<T | undefined> {
    const contents = await this.#contents(before);
    try {
      const { signature } = await this.#look();
      if (signature !== before.signature) return undefined;
      return await this.#options.make(contents, before, isFresh);
    } finally {
      wipeAll(contents);
    }
  }

  async #contents({ files }: Look): Promise<Map<string, Secret>> {
    const contents = new Map<string, Secret>();
    try {
      for (const [name, path] of files)
        contents.set(name, await readFileSecret(path, this.#options.what));
      return contents;
    } catch (error) {
      wipeAll(contents);
      throw error;
    }
  }
}

/** What to do about the first of these files that everybody on this machine may read, if there is one. */
export async function hintOfReadableByAll(
  paths: Iterable<string>,
): Promise<string | undefined> {
  for (const path of paths)
    if (await isReadableByAll(path))
      return `Let only its owner read it: \`chmod 600 ${path}\`; in Kubernetes, \`defaultMode: 0400\` of the volume.`;
  return undefined;
}

function wipeAll(contents: ReadonlyMap<string, Secret>): void {
  for (const secret of contents.values()) secret.wipe();
}

function pathOf(error: unknown): string {
  const { path } = error as NodeJS.ErrnoException;
  return path ?? "?";
}
