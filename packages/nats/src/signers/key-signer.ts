import { sign, type KeyObject } from "node:crypto";

import type { SigningKey } from "../credentials/nkey.js";
import { fail } from "../errors/nats-errors.js";
import type { Signer } from "./signer.js";

/** Signs in this thread with a native key, until it is closed. */
export class KeySigner implements Signer {
  readonly publicKey: string;
  #key: KeyObject | undefined;

  constructor(key: SigningKey) {
    this.publicKey = key.publicKey;
    this.#key = key.key;
  }

  readonly sign = (nonce: Uint8Array): Uint8Array => {
    if (this.#key === undefined)
      throw fail("SECRET_WIPED", "The signing key was wiped.");
    return sign(null, nonce, this.#key);
  };

  readonly close = (): void => {
    this.#key = undefined;
  };
}
