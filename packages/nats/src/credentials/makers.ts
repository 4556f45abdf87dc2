import { sign } from "node:crypto";

import { fail } from "../errors/nats-errors.js";
import { Secret } from "../secret/secret.js";
import { Credential, type CredentialOrigin } from "./credential.js";
import { readCredsBlocks, withoutBlanks } from "./creds.js";
import { NkeyFault, signingKeyFromSeed, type SigningKey } from "./nkey.js";
import { trimmed, withBytes, type CredentialText } from "./text.js";
import { readUserJwt } from "./user-jwt.js";

/**
 * The room that a server's `max_control_line` (4,096 bytes unless set) leaves for the CONNECT object;
 * measured: an object of 4,094 bytes connects, one of 4,100 does not.
 */
export const longestConnect = 4094;
/** CONNECT without JWT, public key and signature: flags, name, versions, with some room. */
const connectOverhead = 300;

/**
 * A user JWT with the seed of its subject.
 *
 * @throws KeyturnError `CREDENTIAL_JWT_INVALID`, `CREDENTIAL_WRONG_KIND`, `CREDENTIAL_JWT_TOO_LONG`,
 *   `CREDENTIAL_SEED_INVALID`, `CREDENTIAL_PAIR_MISMATCH`, `CREDENTIAL_EXPIRED`,
 *   `CREDENTIAL_NOT_YET_VALID`
 */
export function userJwtCredential(parts: {
  readonly jwt: CredentialText;
  readonly seed: CredentialText;
  readonly origin: CredentialOrigin;
}): Credential {
  return withBytes(parts.jwt, (jwt) =>
    withBytes(parts.seed, (seed) =>
      makeUserJwt(trimmed(jwt), trimmed(seed), parts.origin),
    ),
  );
}

/**
 * The text of a `.creds` file as `nsc` writes it. A seed may be missing if the JWT is a bearer token.
 *
 * @throws KeyturnError as {@link userJwtCredential}, `CREDENTIAL_CREDS_INVALID`, `CREDENTIAL_HALF_PAIR`
 */
export function credsCredential(
  creds: CredentialText,
  origin: CredentialOrigin,
): Credential {
  return withBytes(creds, (bytes) => {
    const blocks = readCredsBlocks(bytes, origin.source);
    return makeUserJwt(withoutBlanks(blocks.jwt), blocks.seed, origin);
  });
}

/**
 * An nkey known to the server.
 *
 * @throws KeyturnError `CREDENTIAL_SEED_INVALID`, `CREDENTIAL_WRONG_KIND`
 */
export function nkeyCredential(parts: {
  readonly seed: CredentialText;
  readonly origin: CredentialOrigin;
}): Credential {
  const { origin } = parts;
  const key = withBytes(parts.seed, (seed) =>
    readUserSeed(trimmed(seed), origin.source),
  );
  const signer = new Signer(key);
  return new Credential({
    kind: "nkey",
    origin,
    publicKey: key.publicKey,
    identity: [key.publicKey],
    present: (nonce) => ({ nkey: key.publicKey, sig: signer.sign(nonce) }),
    wipe: () => signer.forget(),
  });
}

/** User and password. @throws KeyturnError `CREDENTIAL_EMPTY` */
export function passwordCredential(parts: {
  readonly user: string;
  readonly password: CredentialText;
  readonly origin: CredentialOrigin;
}): Credential {
  const { user, origin } = parts;
  if (user === "")
    throw fail(
      "CREDENTIAL_EMPTY",
      `The user name from ${origin.source} is empty.`,
    );
  const password = ownSecret(parts.password);
  return new Credential({
    kind: "user-password",
    origin,
    name: user,
    identity: [user, password.use((bytes) => Uint8Array.from(bytes))],
    present: () => ({ user, pass: password.revealText() }),
    wipe: () => password.wipe(),
  });
}

/** A token. @throws KeyturnError `CREDENTIAL_EMPTY` */
export function tokenCredential(parts: {
  readonly token: CredentialText;
  readonly origin: CredentialOrigin;
}): Credential {
  const { origin } = parts;
  const token = ownSecret(parts.token);
  if (token.byteLength === 0)
    throw fail("CREDENTIAL_EMPTY", `The token from ${origin.source} is empty.`);
  return new Credential({
    kind: "token",
    origin,
    identity: [token.use((bytes) => Uint8Array.from(bytes))],
    present: () => ({ auth_token: token.revealText() }),
    wipe: () => token.wipe(),
  });
}

/** No credential: an anonymous connection. */
export function noCredential(): Credential {
  return new Credential({
    kind: "none",
    origin: { source: "nowhere", plaintext: false },
    identity: [],
    present: () => undefined,
    wipe: () => undefined,
  });
}

function makeUserJwt(
  jwtBytes: Uint8Array,
  seed: Uint8Array | undefined,
  origin: CredentialOrigin,
): Credential {
  const where = origin.source;
  // A JWT is no secret by itself (a server logs it); it has to be a string for CONNECT anyway.
  const jwt = Buffer.from(jwtBytes).toString("latin1");
  const claims = readUserJwt(jwt, where);
  const length = jwt.length + connectOverhead;
  if (length > longestConnect) {
    throw fail(
      "CREDENTIAL_JWT_TOO_LONG",
      `The user JWT from ${where} has ${jwt.length} bytes; with it, CONNECT exceeds the ${longestConnect} bytes that servers take unless \`max_control_line\` is raised.`,
    );
  }
  if (seed === undefined && !claims.bearer) {
    throw fail(
      "CREDENTIAL_HALF_PAIR",
      `The user JWT from ${where} has no seed with it, and is no bearer token.`,
    );
  }
  const key = seed === undefined ? undefined : readUserSeed(seed, where);
  if (key !== undefined && key.publicKey !== claims.subject) {
    throw fail(
      "CREDENTIAL_PAIR_MISMATCH",
      `The user JWT and the seed from ${where} do not belong together: the JWT is for ${claims.subject}, the seed is of ${key.publicKey}.`,
    );
  }
  const signer = key === undefined ? undefined : new Signer(key);
  const credential = new Credential({
    kind: "user-jwt",
    origin,
    publicKey: claims.subject,
    account: claims.account,
    name: claims.name,
    expiresAt: claims.expiresAt,
    notBefore: claims.notBefore,
    identity: [jwt],
    present: (nonce) =>
      signer === undefined
        ? { jwt }
        : { jwt, nkey: claims.subject, sig: signer.sign(nonce) },
    wipe: () => signer?.forget(),
  });
  credential.assertUsable();
  return credential;
}

function readUserSeed(seed: Uint8Array, where: string): SigningKey {
  let key: SigningKey;
  try {
    key = signingKeyFromSeed(seed);
  } catch (cause) {
    const why =
      cause instanceof NkeyFault ? cause.message : "the key cannot be imported";
    throw fail(
      "CREDENTIAL_SEED_INVALID",
      `The nkey seed from ${where} cannot be used: ${why}.`,
      { cause },
    );
  }
  if (key.kind !== "user") {
    throw fail(
      "CREDENTIAL_WRONG_KIND",
      `The seed from ${where} is of kind \`${key.kind}\`, where one of kind \`user\` (\`SU…\`) is needed.`,
    );
  }
  return key;
}

function ownSecret(text: CredentialText): Secret {
  return withBytes(text, (bytes) => Secret.fromBytes(Uint8Array.from(bytes)));
}

/** Signs nonces with a native key, until it is told to forget it. */
class Signer {
  #key: SigningKey["key"] | undefined;

  constructor(key: SigningKey) {
    this.#key = key.key;
  }

  sign(nonce: string | undefined): string {
    if (this.#key === undefined)
      throw fail("SECRET_WIPED", "The signing key was wiped.");
    return sign(null, Buffer.from(nonce ?? "", "utf8"), this.#key).toString(
      "base64url",
    );
  }

  forget(): void {
    this.#key = undefined;
  }
}
