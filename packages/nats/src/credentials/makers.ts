import { isUtf8 } from "node:buffer";

import { fail } from "../errors/nats-errors.js";
import { Secret } from "../secret/secret.js";
import { KeySigner } from "../signers/key-signer.js";
import type { Signer } from "../signers/signer.js";
import { Credential, type CredentialOrigin } from "./credential.js";
import { readCredsBlocks, withoutBlanks } from "./creds.js";
import { mistakenFor } from "./mistaken.js";
import { NkeyFault, signingKeyFromSeed, type SigningKey } from "./nkey.js";
import {
  trimmed,
  withBytes,
  withoutFinalLineEnds,
  type CredentialText,
} from "./text.js";
import { replyPermission } from "./replies.js";
import { readUserJwt } from "./user-jwt.js";

const none = new Uint8Array(0);

/**
 * A user JWT with the seed of its subject. A half that is missing or blank is refused here, so that
 * callers pass on what they found; only a bearer JWT needs no seed.
 *
 * @throws KeyturnError `CREDENTIAL_HALF_PAIR`, `CREDENTIAL_JWT_INVALID`, `CREDENTIAL_WRONG_KIND`,
 *   `CREDENTIAL_JWT_TOO_LONG`, `CREDENTIAL_SEED_INVALID`, `CREDENTIAL_PAIR_MISMATCH`,
 *   `CREDENTIAL_EXPIRED`, `CREDENTIAL_NOT_YET_VALID`
 */
export function userJwtCredential(parts: {
  readonly jwt: CredentialText | undefined;
  readonly seed: CredentialText | undefined;
  readonly origin: CredentialOrigin;
  /** When its source takes it back, if that is before the JWT expires. */
  readonly expiresAt?: Date | undefined;
}): Credential {
  const { origin, expiresAt } = parts;
  return withBytes(parts.jwt ?? "", (jwt) =>
    withBytes(parts.seed ?? "", (seed) =>
      makeUserJwt(trimmed(jwt), trimmed(seed), origin, expiresAt),
    ),
  );
}

/**
 * The text of a `.creds` file as `nsc` writes it. A seed may be missing if the JWT is a bearer token.
 *
 * @param expiresAt when its source takes it back, if that is before the JWT expires
 * @throws KeyturnError as {@link userJwtCredential}, `CREDENTIAL_CREDS_INVALID`, `CREDENTIAL_HALF_PAIR`
 */
export function credsCredential(
  creds: CredentialText,
  origin: CredentialOrigin,
  expiresAt?: Date,
): Credential {
  return withBytes(creds, (bytes) => {
    const { jwt, seed } = readCredsBlocks(bytes, origin.source);
    return makeUserJwt(withoutBlanks(jwt), seed ?? none, origin, expiresAt);
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
  /** When its source takes it back. Default: never. */
  readonly expiresAt?: Date | undefined;
}): Credential {
  const { origin, expiresAt } = parts;
  const key = withBytes(parts.seed, (seed) =>
    readUserSeed(trimmed(seed), origin.source),
  );
  return makeNkey(new KeySigner(key), origin, expiresAt);
}

/**
 * A user whose seed is elsewhere: a signer signs for it. With a user JWT, or without one as an nkey that
 * the server knows.
 *
 * @throws KeyturnError as {@link userJwtCredential}
 */
export function signerCredential(parts: {
  readonly signer: Signer;
  readonly jwt?: CredentialText | undefined;
  readonly origin: CredentialOrigin;
  /** When its source takes it back, if that is before the JWT expires. */
  readonly expiresAt?: Date | undefined;
}): Credential {
  const { signer, jwt, origin, expiresAt } = parts;
  if (jwt === undefined) return makeNkey(signer, origin, expiresAt);
  return withBytes(jwt, (bytes) =>
    makeUserJwt(trimmed(bytes), signer, origin, expiresAt),
  );
}

function makeNkey(
  signer: Signer,
  origin: CredentialOrigin,
  expiresAt?: Date,
): Credential {
  const { publicKey } = signer;
  return new Credential({
    kind: "nkey",
    origin,
    expiresAt: expiresAt?.getTime(),
    publicKey,
    identity: [publicKey],
    signer,
    present: (signature) => ({ nkey: publicKey, sig: signature }),
  });
}

/**
 * User and password. Line ends after the password, as files and secret stores leave them, are not part
 * of it.
 *
 * @throws KeyturnError `CREDENTIAL_EMPTY`, `CREDENTIAL_NOT_TEXT`
 */
export function passwordCredential(parts: {
  readonly user: string;
  readonly password: CredentialText;
  readonly origin: CredentialOrigin;
  /** When its source takes it back. Default: never. */
  readonly expiresAt?: Date | undefined;
}): Credential {
  const { user, origin } = parts;
  if (user === "")
    throw fail(
      "CREDENTIAL_EMPTY",
      `The user name from ${origin.source} is empty.`,
    );
  const password = plainText(parts.password, "password", origin);
  return new Credential({
    kind: "user-password",
    origin,
    expiresAt: parts.expiresAt?.getTime(),
    name: user,
    identity: [user, password],
    present: () => ({ user, pass: password.revealText() }),
    wipe: () => password.wipe(),
  });
}

/** A token. Line ends after it are not part of it. @throws KeyturnError `CREDENTIAL_EMPTY`, `CREDENTIAL_NOT_TEXT` */
export function tokenCredential(parts: {
  readonly token: CredentialText;
  readonly origin: CredentialOrigin;
  /** When its source takes it back. Default: never. */
  readonly expiresAt?: Date | undefined;
}): Credential {
  const { origin } = parts;
  const token = plainText(parts.token, "token", origin);
  if (token.byteLength === 0)
    throw fail("CREDENTIAL_EMPTY", `The token from ${origin.source} is empty.`);
  return new Credential({
    kind: "token",
    origin,
    expiresAt: parts.expiresAt?.getTime(),
    identity: [token],
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
  });
}

function makeUserJwt(
  jwtBytes: Uint8Array,
  secret: Uint8Array | Signer,
  origin: CredentialOrigin,
  expiresAt?: Date,
): Credential {
  const where = origin.source;
  const isSeed = secret instanceof Uint8Array;
  const isSigned = !isSeed || secret.length > 0;
  if (jwtBytes.length === 0) {
    throw fail(
      "CREDENTIAL_HALF_PAIR",
      !isSigned
        ? `From ${where} came neither a user JWT nor a seed.`
        : `The seed from ${where} has no user JWT with it.`,
    );
  }
  // A JWT is no secret by itself (a server logs it); it has to be a string for CONNECT anyway.
  const { text: jwt, claims } = readUserJwt(jwtBytes, where);
  if (!isSigned && !claims.bearer) {
    throw fail(
      "CREDENTIAL_HALF_PAIR",
      `The user JWT from ${where} has no seed with it, and is no bearer token.`,
    );
  }
  const signer = !isSeed
    ? secret
    : isSigned
      ? new KeySigner(readUserSeed(secret, where))
      : undefined;
  if (signer !== undefined && signer.publicKey !== claims.subject) {
    throw fail(
      "CREDENTIAL_PAIR_MISMATCH",
      `The user JWT and the seed from ${where} do not belong together: the JWT is for ${claims.subject}, the seed is of ${signer.publicKey}.`,
    );
  }
  const credential = new Credential({
    kind: "user-jwt",
    origin,
    publicKey: claims.subject,
    account: claims.account,
    name: claims.name,
    expiresAt: earlier(claims.expiresAt, expiresAt?.getTime()),
    notBefore: claims.notBefore,
    issuedAt: claims.issuedAt,
    identity: [jwt],
    // Without `nkey`, which the JWT has as its subject: servers before 2.14.8 in operator mode cut
    // each client that sent it whenever their configuration is reloaded.
    replies: replyPermission(jwt),
    signer,
    present: (signature) =>
      signer === undefined ? { jwt } : { jwt, sig: signature },
  });
  credential.assertUsable();
  return credential;
}

function earlier(a = Infinity, b = Infinity): number | undefined {
  const time = Math.min(a, b);
  return time === Infinity ? undefined : time;
}

/** @throws KeyturnError `CREDENTIAL_SEED_INVALID`, `CREDENTIAL_WRONG_KIND` */
export function readUserSeed(seed: Uint8Array, where: string): SigningKey {
  const key = importSeed(seed, where);
  if (key.kind !== "user") {
    throw fail(
      "CREDENTIAL_WRONG_KIND",
      `The seed from ${where} is of kind \`${key.kind}\`, where one of kind \`user\` (\`SU…\`) is needed.`,
    );
  }
  return key;
}

function importSeed(seed: Uint8Array, where: string): SigningKey {
  const invalid = (why: string): Error =>
    fail(
      "CREDENTIAL_SEED_INVALID",
      `The nkey seed from ${where} cannot be used: ${why}.`,
    );
  const other = mistakenFor(seed, "a seed");
  if (other !== undefined) throw invalid(`it is ${other}`);
  try {
    return signingKeyFromSeed(seed);
  } catch (cause) {
    throw invalid(
      cause instanceof NkeyFault ? cause.message : "the key cannot be imported",
    );
  }
}

/** CONNECT is JSON, so a password or token has to be text. */
function plainText(
  text: CredentialText,
  what: string,
  origin: CredentialOrigin,
): Secret {
  return withBytes(text, (bytes) => {
    if (!isUtf8(bytes))
      throw fail(
        "CREDENTIAL_NOT_TEXT",
        `The ${what} from ${origin.source} is not UTF-8 text.`,
      );
    return Secret.fromBytes(Uint8Array.from(withoutFinalLineEnds(bytes)));
  });
}
