import type { JsonValue } from "@keyturn/nats/json";

import type { SealKeys } from "../seal/seal-keys.js";
import { readLink, readLinkIdentity } from "./link-definition.js";
import { tellLink } from "./link-events.js";
import type { LinkTable } from "./link-table.js";
import type { LinkIdentity } from "./link.js";

/** Turns link definitions, as the host sends them, into what the table shall do. */
export class LinkIntake {
  readonly #providerId: string;
  readonly #keys: SealKeys;
  readonly #table: LinkTable;
  /** Links that the host has said something of; undefined when nobody asks any more. */
  #heard: Set<string> | undefined = new Set();

  constructor(providerId: string, keys: SealKeys, table: LinkTable) {
    this.#providerId = providerId;
    this.#keys = keys;
    this.#table = table;
  }

  /** Whether the link was put or deleted since the start, until {@link forgetHeard}. */
  hasHeard({ key }: LinkIdentity): boolean {
    return this.#heard?.has(key) ?? true;
  }

  /** Ends the keeping of what was heard. */
  forgetHeard(): void {
    this.#heard = undefined;
  }

  /** @throws KeyturnError if it cannot even be told which link is meant */
  put(definition: JsonValue): void {
    const identity = readLinkIdentity(definition, this.#providerId);
    this.#heard?.add(identity.key);
    try {
      this.#table.put(readLink(definition, identity, this.#keys));
    } catch (error) {
      this.#table.refuse(identity, error);
    }
  }

  /** Notes that there is a link which cannot be had. */
  refuse(identity: LinkIdentity, error: unknown): void {
    this.#heard?.add(identity.key);
    this.#table.refuse(identity, error);
  }

  /** @throws KeyturnError if it cannot be told which link is meant */
  delete(definition: JsonValue): void {
    const identity = readLinkIdentity(definition, this.#providerId);
    this.#heard?.add(identity.key);
    if (!this.#table.delete(identity))
      tellLink(
        identity,
        "link-unknown",
        "debug",
        "was deleted, but there was none",
      );
  }
}
