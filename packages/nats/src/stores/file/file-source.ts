import type { CredentialOrigin } from "../../credentials/credential.js";
import type { Look } from "../../files/look.js";
import {
  hintOfReadableByAll,
  SettledFiles,
  type FileSet,
} from "../../files/settled-files.js";
import type { Secret } from "../../secret/secret.js";
import type { Source } from "../../sources/credential-source.js";
import type { Maker, Material } from "../material.js";

export interface FileSourceOptions<T> {
  /** Which files hold one credential together; asked before each look. */
  readonly files: () => Promise<FileSet> | FileSet;
  /** Makes the material of those that were there. It takes the secrets over. */
  readonly toMaterial: (contents: ReadonlyMap<string, Secret>) => Material;
  readonly make: Maker<T>;
  readonly origin: CredentialOrigin;
  /** Pause between looks that no event asked for, in milliseconds. Default 10,000. */
  readonly pollMs?: number;
}

/** What is made of files that somebody else writes; see {@link SettledFiles}. */
export class FileSource<T> implements Source<T> {
  readonly #options: FileSourceOptions<T>;
  readonly #files: SettledFiles<T>;

  constructor(options: FileSourceOptions<T>) {
    this.#options = options;
    this.#files = new SettledFiles({
      files: options.files,
      what: options.origin.source,
      pollMs: options.pollMs,
      make: async (contents, seen, isFresh) => {
        const origin = await this.#origin(seen);
        const material = options.toMaterial(contents);
        const showsNoLoss = "token" in material || "password" in material;
        return showsNoLoss && isFresh
          ? undefined
          : options.make(material, origin);
      },
    });
  }

  read(signal: AbortSignal): Promise<T> {
    return this.#files.read(signal);
  }

  watch(changed: () => void): () => void {
    return this.#files.watch(changed);
  }

  async #origin({ files, changedAt }: Look): Promise<CredentialOrigin> {
    const origin: CredentialOrigin = {
      ...this.#options.origin,
      version: new Date(changedAt).toISOString(),
    };
    if (origin.plaintext) return origin;
    const hint = await hintOfReadableByAll(files.values());
    return hint === undefined ? origin : { ...origin, plaintext: true, hint };
  }
}
