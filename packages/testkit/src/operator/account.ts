import {
  encodeAccount,
  newScopedSigner,
  type Account as AccountClaims,
  type UserPermissionsLimits,
} from "@nats-io/jwt";
import { createAccount, type KeyPair } from "@nats-io/nkeys";

import { makeUser, type TestUser, type UserOptions } from "./user.js";

/** No limit of any kind; `@nats-io/jwt` leaves them out, which a server takes as 0. */
export const unlimited = {
  conn: -1,
  data: -1,
  exports: -1,
  imports: -1,
  leaf: -1,
  payload: -1,
  subs: -1,
  wildcards: true,
  mem_storage: -1,
  disk_storage: -1,
  streams: -1,
  consumer: -1,
};

/**
 * An account of an operator. What changes it (revocations, limits, signing keys) is in force on a
 * server only once `TestOperator.push` has sent the account, or the server has reloaded
 * `TestOperator.serverConfig`.
 */
export class TestAccount {
  readonly name: string;
  /** `A…` */
  readonly publicKey: string;
  readonly keys: KeyPair = createAccount();
  readonly #operator: KeyPair;
  #claims: Partial<AccountClaims>;
  #expires: number | undefined;

  constructor(
    name: string,
    operator: KeyPair,
    claims: Partial<AccountClaims> = {},
  ) {
    this.name = name;
    this.publicKey = this.keys.getPublicKey();
    this.#operator = operator;
    this.#claims = { limits: unlimited, ...claims };
  }

  /** A user made and signed now. */
  user(name: string, options?: UserOptions): Promise<TestUser> {
    return makeUser(name, this.keys, options);
  }

  /** The account's JWT of now, with other claims for this once if given. */
  jwt(claims: Partial<AccountClaims> = {}): Promise<string> {
    return encodeAccount(
      this.name,
      this.keys,
      { ...this.#claims, ...claims },
      {
        signer: this.#operator,
        ...(this.#expires !== undefined && { exp: this.#expires }),
      },
    );
  }

  /** Changes claims for good. Limits are given one by one, the others stay. */
  change(claims: Partial<AccountClaims>): void {
    this.#claims = {
      ...this.#claims,
      ...claims,
      limits: { ...this.#claims.limits, ...claims.limits },
    };
  }

  /** Lets the account's own JWT expire; negative: it has. */
  expireIn(seconds: number): void {
    this.#expires = Math.floor(Date.now() / 1000) + seconds;
  }

  /**
   * Revokes what a user (or every user: `"*"`) was given up to a second.
   *
   * @param until seconds since 1970; JWTs with `iat` up to it are void. Default: now
   */
  revoke(publicKey: string, until = Math.floor(Date.now() / 1000)): void {
    this.change({
      revocations: { ...this.#claims.revocations, [publicKey]: until },
    });
  }

  /** Takes a revocation back. */
  restore(publicKey: string): void {
    const revocations = { ...this.#claims.revocations };
    delete revocations[publicKey];
    this.change({ revocations });
  }

  /**
   * A further key that signs users of this account.
   *
   * @param scope permissions and limits of all its users. Default: each user has its own
   */
  signingKey(scope?: Partial<UserPermissionsLimits>): KeyPair {
    const key = createAccount();
    const entry =
      scope === undefined
        ? key.getPublicKey()
        : newScopedSigner(key, this.name, scope);
    this.change({
      signing_keys: [...(this.#claims.signing_keys ?? []), entry],
    });
    return key;
  }

  /** Takes a signing key away: its users are void. */
  removeSigningKey(key: KeyPair): void {
    const gone = key.getPublicKey();
    this.change({
      signing_keys: (this.#claims.signing_keys ?? []).filter(
        (entry) => (typeof entry === "string" ? entry : entry.key) !== gone,
      ),
    });
  }
}
