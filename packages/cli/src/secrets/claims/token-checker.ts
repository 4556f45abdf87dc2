import type { NkeyKind } from "@keyturn/nats";
import { ClaimsFault } from "@keyturn/nats/wasmcloud-secrets";

import { isPublicKey } from "../keys/public-key.js";
import { checkTimes, readSignedClaims, type Claims } from "./claims.js";

/** Tokens whose signatures need not be checked again: hosts show the same ones over and over. */
const defaultRemembered = 1000;

/**
 * Checks the tokens of requests. Signatures that were good are remembered, within bounds; times are
 * checked each time.
 */
export class TokenChecker {
  readonly #remembered = new Map<string, Claims>();
  readonly #most: number;

  constructor(most: number = defaultRemembered) {
    this.#most = most;
  }

  /** How many tokens are remembered. */
  get remembered(): number {
    return this.#remembered.size;
  }

  /**
   * The token of a component or provider.
   *
   * @param now milliseconds since 1970
   * @throws ClaimsFault
   */
  entity(token: string, now: number): Claims {
    return this.#check(
      token,
      now,
      ["module", "service"],
      "a component or provider",
    );
  }

  /**
   * The token of a host. A host signs it with a key of its own making: it says a name and proves none.
   *
   * @throws ClaimsFault
   */
  host(token: string, now: number): Claims {
    return this.#check(token, now, ["server"], "a host");
  }

  #check(
    token: string,
    now: number,
    kinds: readonly NkeyKind[],
    what: string,
  ): Claims {
    const claims = this.#remembered.get(token) ?? readSignedClaims(token);
    // What was used last goes last.
    this.#remembered.delete(token);
    this.#remembered.set(token, claims);
    if (this.#remembered.size > this.#most) {
      const oldest = this.#remembered.keys().next();
      if (oldest.done !== true) this.#remembered.delete(oldest.value);
    }
    if (!isPublicKey(claims.subject, ...kinds))
      throw new ClaimsFault(`its subject is not ${what}`);
    checkTimes(claims, now);
    return claims;
  }
}
