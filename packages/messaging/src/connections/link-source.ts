import { Credential, type CredentialSource } from "@keyturn/nats";

import type { LinkCredential } from "../credentials/referred-credential.js";

/** The source of a shared connection: whatever credential its links ask for at the time. */
export class LinkSource implements CredentialSource {
  #asked: LinkCredential;
  #given: Credential | undefined;
  #changed: (() => void) | undefined;
  #endWatch: (() => void) | undefined;

  constructor(asked: LinkCredential) {
    this.#asked = asked;
  }

  /** What the links ask for. */
  get asked(): LinkCredential {
    return this.#asked;
  }

  /** What was given last. */
  get given(): Credential | undefined {
    return this.#given;
  }

  /** From now on this is given. */
  ask(credential: LinkCredential): void {
    this.#asked = credential;
    if (this.#changed !== undefined) this.#watchAsked(this.#changed);
  }

  async read(signal: AbortSignal): Promise<Credential> {
    const asked = this.#asked;
    const given =
      asked instanceof Credential ? asked : await asked.read(signal);
    // What another one gives that is no longer asked for is looked at by nobody.
    if (asked === this.#asked) this.#given = given;
    return given;
  }

  watch(changed: () => void): () => void {
    this.#changed = changed;
    this.#watchAsked(changed);
    return () => {
      this.#changed = undefined;
      this.#endWatch?.();
      this.#endWatch = undefined;
    };
  }

  #watchAsked(changed: () => void): void {
    this.#endWatch?.();
    this.#endWatch =
      this.#asked instanceof Credential
        ? undefined
        : this.#asked.watch(changed);
  }
}
