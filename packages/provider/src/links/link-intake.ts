import type { JsonValue } from "@keyturn/nats/json";

import type { SealKeys } from "../seal/seal-keys.js";
import { readLink, readLinkIdentity } from "./link-definition.js";
import { tellLink } from "./link-events.js";
import type { LinkTable } from "./link-table.js";

/** Turns link definitions, as the host sends them, into what the table shall do. */
export class LinkIntake {
  readonly #providerId: string;
  readonly #keys: SealKeys;
  readonly #table: LinkTable;

  constructor(providerId: string, keys: SealKeys, table: LinkTable) {
    this.#providerId = providerId;
    this.#keys = keys;
    this.#table = table;
  }

  /** @throws KeyturnError if it cannot even be told which link is meant */
  put(definition: JsonValue): void {
    const identity = readLinkIdentity(definition, this.#providerId);
    try {
      this.#table.put(readLink(definition, identity, this.#keys));
    } catch (error) {
      this.#table.refuse(identity, error);
    }
  }

  /** @throws KeyturnError if it cannot be told which link is meant */
  delete(definition: JsonValue): void {
    const identity = readLinkIdentity(definition, this.#providerId);
    if (!this.#table.delete(identity))
      tellLink(
        identity,
        "link-unknown",
        "debug",
        "was deleted, but there was none",
      );
  }
}
