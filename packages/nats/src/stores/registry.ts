import { fail } from "../errors/nats-errors.js";
import type { CredentialSource, Source } from "../sources/credential-source.js";
import { nearest } from "../text/nearest.js";
import { builtIn } from "./built-in.js";
import type { Maker } from "./material.js";
import { parseReference, type Reference } from "./reference.js";
import type { StoreDefinition, StoreLoader } from "./store-definition.js";

const loaders = new Map<string, StoreLoader>(builtIn);

/**
 * Makes references of a scheme usable everywhere in this process. What the store needs is best imported
 * inside of `load`, so that only who uses it has to have it.
 *
 * @example
 * registerSource("keyring", async () => (await import("./keyring-store.js")).keyringStore);
 *
 * @throws KeyturnError `REFERENCE_INVALID` if that cannot be a scheme, or if it is taken
 */
export function registerSource(scheme: string, load: StoreLoader): void {
  if (!/^[a-z][a-z0-9+.-]{0,31}$/.test(scheme))
    throw fail(
      "REFERENCE_INVALID",
      "A scheme to be registered is none: small letters, digits, `+`, `.`, `-`, at most 32.",
      { next: "Give it a name such as `keyring`." },
    );
  if ((loaders.get(scheme) ?? load) !== load)
    throw fail(
      "REFERENCE_INVALID",
      `The scheme \`${scheme}:\` is taken by another store.`,
      { next: "Choose another name." },
    );
  loaders.set(scheme, load);
}

/** The schemes that can be used now. */
export function knownSchemes(): readonly string[] {
  return [...loaders.keys()];
}

/**
 * The source that a reference names. Its store is loaded, and reads, when the source is read.
 *
 * @throws KeyturnError `REFERENCE_INVALID`; what only its store can know of it is thrown when it is read
 */
export function credentialsFrom(text: string): CredentialSource {
  return sourceOf(text, (store, reference) => store.open(reference));
}

/**
 * As {@link credentialsFrom}, of something else than a credential.
 *
 * @param what it is, as messages name it: `a key`
 * @throws KeyturnError `REFERENCE_INVALID`; also for stores that hold nothing but credentials
 */
export function sourceFrom<T>(
  text: string,
  what: string,
  make: Maker<T>,
): Source<T> {
  return sourceOf(text, (store, reference) => {
    if (store.openAs !== undefined) return store.openAs(reference, make);
    throw fail(
      "REFERENCE_INVALID",
      `The reference \`${reference.scheme}:\` is for credentials, and ${what} is none.`,
      { next: "Keep it in another store: `file:///run/secrets/seal.key`." },
    );
  });
}

function sourceOf<T>(
  text: string,
  use: (
    store: StoreDefinition,
    reference: Reference,
  ) => Source<T> | Promise<Source<T>>,
): Source<T> {
  const reference = parseReference(text);
  const { scheme } = reference;
  const load = loaders.get(scheme);
  if (load === undefined) {
    const known = knownSchemes();
    const meant = nearest(scheme, known);
    throw fail(
      "REFERENCE_INVALID",
      `The credential reference has the scheme \`${scheme}:\`, which is none of a store.`,
      {
        next:
          meant === undefined
            ? `Use one of ${known.map((name) => `\`${name}:\``).join(", ")}, or register your own (\`registerSource\`).`
            : `Write \`${meant}:\`.`,
      },
    );
  }
  return new LoadedLater(async () => {
    const store = await load();
    assertKnown(reference, store);
    return use(store, reference);
  });
}

function assertKnown(reference: Reference, store: StoreDefinition): void {
  for (const name of reference.parameters.keys()) {
    if (store.parameters.includes(name)) continue;
    const meant = nearest(name, store.parameters);
    // A name that is not like one may be a secret in a wrong place.
    const shown = /^[\w-]{1,32}$/.test(name) ? ` \`${name}\`` : "";
    throw fail(
      "REFERENCE_INVALID",
      `A credential reference \`${reference.scheme}:\` has a parameter${shown} that is not known there.`,
      {
        next:
          meant !== undefined
            ? `Write \`${meant}\`.`
            : `Right forms are ${store.forms.map((form) => `\`${form}\``).join(", ")}.`,
      },
    );
  }
}

/** Is loaded when it is first read, and again if that failed; may be watched before that. */
class LoadedLater<T> implements Source<T> {
  readonly #open: () => Promise<Source<T>>;
  #opened: Promise<Source<T>> | undefined;
  /** Begin to watch, once there is something to watch. */
  readonly #waiting = new Set<(source: Source<T>) => void>();

  constructor(open: () => Promise<Source<T>>) {
    this.#open = open;
  }

  async read(signal: AbortSignal): Promise<T> {
    const source = await this.#source();
    signal.throwIfAborted();
    return source.read(signal);
  }

  watch(changed: () => void): () => void {
    let end: (() => void) | undefined;
    const begin = (source: Source<T>): void => {
      end = source.watch?.(changed);
    };
    this.#waiting.add(begin);
    // Whoever reads is told why it cannot be loaded.
    this.#source().catch(() => undefined);
    return () => {
      this.#waiting.delete(begin);
      end?.();
    };
  }

  async #source(): Promise<Source<T>> {
    this.#opened ??= this.#open();
    try {
      const source = await this.#opened;
      for (const begin of this.#waiting) begin(source);
      this.#waiting.clear();
      return source;
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
  }
}
