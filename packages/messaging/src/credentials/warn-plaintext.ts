import { showLink, type LinkIdentity } from "@keyturn/provider";

import { publishEvent } from "../events/messaging-events.js";
import type { Plaintext } from "./choose-credential.js";

/** Warns of secrets in plain text that are really used: once per link and source. */
export class PlaintextWarnings {
  /** What has been told, by key of the link. */
  readonly #told = new Map<string, Set<string>>();
  #count = 0;

  /** Warnings given since the start. */
  get count(): number {
    return this.#count;
  }

  warn(link: LinkIdentity, found: readonly Plaintext[]): void {
    for (const { source, what, hint } of found) {
      let told = this.#told.get(link.key);
      if (told === undefined) this.#told.set(link.key, (told = new Set()));
      const which = `${source} ${what}`;
      if (told.has(which)) continue;
      told.add(which);
      this.#count++;
      publishEvent({
        type: "plaintext-credential",
        level: "warn",
        code: "MESSAGING_PLAINTEXT_CREDENTIAL",
        message: `The link of ${showLink(link)} uses ${what} in plain text from the ${source}: whoever may read config can read it. ${hint}`,
        component: link.peer,
        link: link.name,
      });
    }
  }

  /** The link is gone; should it come back, it is a new one. */
  forget(link: LinkIdentity): void {
    this.#told.delete(link.key);
  }
}
