import { watch, type FSWatcher } from "node:fs";
import { stat } from "node:fs/promises";

import type { Look } from "./look.js";

/** Several events come with one change; they are answered together, in milliseconds. */
const gatherMs = 20;
/** Pause between looks while a folder cannot be watched: it is not there yet, or there are too many. */
const blindPollMs = 1000;

export interface WatchFilesOptions {
  readonly look: () => Promise<Look>;
  /** Signature of the {@link Look} that the caller has seen last. */
  readonly seen: string | undefined;
  /** Pause between looks that no event asked for: file systems on a network tell of no change. */
  readonly pollMs: number;
  readonly changed: () => void;
}

/**
 * Calls `changed` whenever files are others than before. The folders are watched and not the files, since
 * a file that is replaced by a rename is another one, of which no watcher of the old one is told.
 *
 * @returns what ends it
 */
export function watchFiles(options: WatchFilesOptions): () => void {
  const watching = new FilesWatch(options);
  return () => watching.close();
}

class FilesWatch {
  readonly #options: WatchFilesOptions;
  readonly #watchers = new Map<string, { watcher: FSWatcher; id: string }>();
  #seen: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isChecking = false;
  #isStale = false;
  #isClosed = false;

  constructor(options: WatchFilesOptions) {
    this.#options = options;
    this.#seen = options.seen;
    void this.#check();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const { watcher } of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  async #check(): Promise<void> {
    clearTimeout(this.#timer);
    this.#isChecking = true;
    this.#isStale = false;
    let isBlind = true;
    try {
      isBlind = !(await this.#checkOnce());
    } catch {
      // Whoever reads the files is told why that cannot be done.
    }
    this.#isChecking = false;
    const { pollMs } = this.#options;
    if (this.#isStale) this.#after(gatherMs);
    else this.#after(isBlind ? Math.min(pollMs, blindPollMs) : pollMs);
  }

  /** Looks once. @returns whether the next change will show by itself */
  async #checkOnce(): Promise<boolean> {
    const before = await this.#options.look();
    const isWatched = await this.#watchOnly(before.folders);
    // What changed before the watchers were there has told nobody.
    const { signature } = await this.#options.look();
    if (this.#isClosed || signature === this.#seen) return isWatched;
    this.#seen = signature;
    this.#options.changed();
    return isWatched;
  }

  async #watchOnly(folders: readonly string[]): Promise<boolean> {
    for (const [folder, { watcher }] of this.#watchers) {
      if (folders.includes(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    let isWatched = true;
    for (const folder of folders)
      isWatched = (await this.#watch(folder)) && isWatched;
    return isWatched;
  }

  async #watch(folder: string): Promise<boolean> {
    const present = this.#watchers.get(folder);
    try {
      const { dev, ino } = await stat(folder);
      if (this.#isClosed) return false;
      const id = `${dev}/${ino}`;
      if (present?.id === id) return true;
      present?.watcher.close();
      this.#watchers.delete(folder);
      const watcher = watch(folder, { persistent: false }, () => this.#soon());
      watcher.on("error", () => {
        watcher.close();
        if (this.#watchers.get(folder)?.watcher === watcher)
          this.#watchers.delete(folder);
        this.#soon();
      });
      this.#watchers.set(folder, { watcher, id });
      return true;
    } catch {
      present?.watcher.close();
      this.#watchers.delete(folder);
      return false;
    }
  }

  #soon(): void {
    if (this.#isChecking) this.#isStale = true;
    else this.#after(gatherMs);
  }

  #after(ms: number): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#check(), ms);
    this.#timer.unref();
  }
}
