import { encodeUser, type User } from "@nats-io/jwt";
import { createUser, type KeyPair } from "@nats-io/nkeys";

import { claimsOf, signedJwt } from "./signed-jwt.js";

/** Limits and lifetime of a user to be made. */
export interface UserOptions {
  /** Seconds from now, rounded up to a whole one; negative for one that has expired. Default: it never expires. */
  readonly expiresInSeconds?: number;
  /** Seconds from now; positive for one that is not yet valid. Default: valid at once. */
  readonly notBeforeInSeconds?: number;
  /** The claim `iat`, in seconds since 1970. Default: now. Revocations go by it. */
  readonly issuedAt?: number;
  /**
   * Claims of the NATS part: `pub`, `sub` and `resp` (permissions), `bearer_token`, limits,
   * `allowed_connection_types`.
   */
  readonly claims?: Partial<User>;
  /** Key pair of the user, to give one user another JWT. Default: a new one. */
  readonly keys?: KeyPair;
  /** A signing key of the account, from `TestAccount.signingKey`. Default: the account's own key. */
  readonly signer?: KeyPair;
  /** Permissions and limits come from the scope of the signing key. Default false. */
  readonly scoped?: boolean;
}

/** A user with the two halves of its credential. */
export interface TestUser {
  readonly jwt: string;
  /** `SU…` */
  readonly seed: string;
  /** `U…` */
  readonly publicKey: string;
  /** Both in the form of a `.creds` file. */
  readonly creds: string;
  readonly keys: KeyPair;
}

/** Makes a user of an account. */
export async function makeUser(
  name: string,
  account: KeyPair,
  options: UserOptions = {},
): Promise<TestUser> {
  const keys = options.keys ?? createUser();
  const signer = options.signer ?? account;
  // JWTs count whole seconds: rounded down, a life of one would be none now and then.
  const now = Math.ceil(Date.now() / 1000);
  const { expiresInSeconds: expires, notBeforeInSeconds: notBefore } = options;
  const encoded = await encodeUser(name, keys, account, options.claims ?? {}, {
    ...(expires !== undefined && { exp: now + expires }),
    ...(notBefore !== undefined && { nbf: now + notBefore }),
    ...(options.signer !== undefined && { signer }),
    ...(options.scoped !== undefined && { scopedUser: options.scoped }),
  });
  const jwt =
    options.issuedAt === undefined
      ? encoded
      : signedJwt({ ...claimsOf(encoded), iat: options.issuedAt }, signer);
  return userFrom(jwt, keys);
}

/** A user of a JWT and a key pair, whether or not they belong together. */
export function userFrom(jwt: string, keys: KeyPair): TestUser {
  const seed = new TextDecoder().decode(keys.getSeed());
  return {
    jwt,
    seed,
    publicKey: keys.getPublicKey(),
    creds: credsText(jwt, seed),
    keys,
  };
}

/** The text of a `.creds` file. */
export function credsText(jwt: string, seed: string): string {
  return [
    "-----BEGIN NATS USER JWT-----",
    jwt,
    "------END NATS USER JWT------",
    "",
    "-----BEGIN USER NKEY SEED-----",
    seed,
    "------END USER NKEY SEED------",
    "",
  ].join("\n");
}
