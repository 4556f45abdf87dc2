import { setTimeout as sleep } from "node:timers/promises";

import type {
  Credential,
  CredentialOrigin,
} from "../../credentials/credential.js";
import type { Secret } from "../../secret/secret.js";
import type { CredentialSource } from "../../sources/credential-source.js";
import { credentialFrom, type Material } from "../material.js";
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

/** Files that hold one credential together. */
export interface CredentialFiles {
  /** Paths by the names that {@link toMaterial} knows. Inside `folder`, or whole without one. */
  readonly paths: ReadonlyMap<string, string>;
  readonly folder: string | undefined;
}

export interface FileSourceOptions {
  /** Which files; asked before each look, as it may depend on what is there. */
  readonly files: () => Promise<CredentialFiles> | CredentialFiles;
  /** Makes the material of those that were there. It takes the secrets over. */
  readonly toMaterial: (contents: ReadonlyMap<string, Secret>) => Material;
  readonly origin: CredentialOrigin;
  /** Default {@link defaultPollMs}. */
  readonly pollMs?: number;
  /** Whether it is told if everybody may read the files. Default true. */
  readonly checkMode?: boolean;
}

/**
 * A credential in files that somebody else writes. What is half written is never used: files that
 * changed while they were read are read again, and what is wrong with files is believed once they are
 * left alone.
 */
export class FileSource implements CredentialSource {
  readonly #options: FileSourceOptions;
  #seen: string | undefined;

  constructor(options: FileSourceOptions) {
    this.#options = options;
  }

  async read(signal: AbortSignal): Promise<Credential> {
    const started = performance.now();
    for (;;) {
      const before = await this.#look();
      signal.throwIfAborted();
      const isLate = performance.now() - started > longestWaitMs;
      const age = Date.now() - before.changedAt;
      const isFresh = (ms: number): boolean => !isLate && age < ms;
      try {
        const credential = await this.#credential(before, isFresh(quietMs));
        if (credential !== undefined) {
          this.#seen = before.signature;
          return credential;
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
      throw fileError(error, pathOf(error), this.#options.origin.source);
    }
  }

  /** Undefined if the files may not be whole. */
  async #credential(
    before: Look,
    isFresh: boolean,
  ): Promise<Credential | undefined> {
    const contents = await this.#contents(before);
    try {
      const origin = await this.#origin(before);
      const { signature } = await this.#look();
      if (signature !== before.signature) return undefined;
      const material = this.#options.toMaterial(contents);
      const showsNoLoss = "token" in material || "password" in material;
      return showsNoLoss && isFresh
        ? undefined
        : credentialFrom(material, origin);
    } finally {
      wipeAll(contents);
    }
  }

  async #contents({ files }: Look): Promise<Map<string, Secret>> {
    const contents = new Map<string, Secret>();
    try {
      for (const [name, path] of files) {
        const { source } = this.#options.origin;
        contents.set(name, await readFileSecret(path, source));
      }
      return contents;
    } catch (error) {
      wipeAll(contents);
      throw error;
    }
  }

  async #origin({ files, changedAt }: Look): Promise<CredentialOrigin> {
    const origin: CredentialOrigin = {
      ...this.#options.origin,
      version: new Date(changedAt).toISOString(),
    };
    if (origin.plaintext || this.#options.checkMode === false) return origin;
    for (const path of files.values()) {
      if (!(await isReadableByAll(path))) continue;
      return {
        ...origin,
        plaintext: true,
        hint: `Let only its owner read it: \`chmod 600 ${path}\`; in Kubernetes, \`defaultMode: 0400\` of the volume.`,
      };
    }
    return origin;
  }
}

function wipeAll(contents: ReadonlyMap<string, Secret>): void {
  for (const secret of contents.values()) secret.wipe();
}

function pathOf(error: unknown): string {
  const { path } = error as NodeJS.ErrnoException;
  return path ?? "?";
}
