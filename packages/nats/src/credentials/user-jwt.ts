import { createPublicKey, verify } from "node:crypto";

import { fail } from "../errors/nats-errors.js";
import { NkeyFault, publicKeyBytes } from "./nkey.js";

/** What a user JWT says about itself. Times in milliseconds since the epoch. */
export interface UserClaims {
  /** The subject: the user's public key, `U…`. */
  readonly subject: string;
  /** The account the user belongs to, `A…`. */
  readonly account: string;
  readonly name: string | undefined;
  readonly expiresAt: number | undefined;
  readonly notBefore: number | undefined;
  /** Whether a server takes the JWT without a signature. */
  readonly bearer: boolean;
}

/** The longest JWT that is looked at. Servers take about 3,800 bytes unless told otherwise. */
const longestJwt = 64 * 1024;
const spkiHead = Buffer.from("302a300506032b6570032100", "hex");

/**
 * Reads and checks a NATS user JWT: form, signature by the key it names as issuer, kind, subject.
 * Expiry is not checked here, since it changes with time.
 *
 * @param where names the origin in messages
 * @throws KeyturnError `CREDENTIAL_JWT_INVALID`, `CREDENTIAL_WRONG_KIND`, `CREDENTIAL_JWT_TOO_LONG`
 */
export function readUserJwt(jwt: string, where: string): UserClaims {
  const invalid = (why: string, cause?: unknown): Error =>
    fail(
      "CREDENTIAL_JWT_INVALID",
      `The user JWT from ${where} cannot be used: ${why}.`,
      { cause },
    );

  if (jwt.length > longestJwt) {
    throw fail(
      "CREDENTIAL_JWT_TOO_LONG",
      `The user JWT from ${where} has ${jwt.length} bytes.`,
    );
  }
  const parts = jwt.split(".");
  if (parts.length !== 3) throw invalid("it has not the three parts of a JWT");
  const [head, body, signature] = parts as [string, string, string];
  if (![head, body, signature].every(isBase64Url))
    throw invalid("a part of it is not base64url");

  const header = jsonObject(head);
  const claims = jsonObject(body);
  if (header === undefined || claims === undefined)
    throw invalid("a part of it is not a JSON object");
  const algorithm = header["alg"];
  if (algorithm !== "ed25519-nkey" && algorithm !== "ed25519") {
    throw invalid(
      "it is not signed with an nkey (`alg` is not `ed25519-nkey`)",
    );
  }
  const issuer = claims["iss"];
  if (typeof issuer !== "string") throw invalid("it names no issuer");

  // Version 1 signs the body alone, version 2 head and body.
  const signed = algorithm === "ed25519" ? body : `${head}.${body}`;
  const nats = isObject(claims["nats"]) ? claims["nats"] : {};
  const kind = typeof nats["type"] === "string" ? nats["type"] : claims["type"];
  if (kind !== undefined && kind !== "user") {
    throw fail(
      "CREDENTIAL_WRONG_KIND",
      `The JWT from ${where} is of kind ${printable(kind)}, where one of kind \`user\` is needed.`,
    );
  }
  try {
    const key = createPublicKey({
      key: Buffer.concat([spkiHead, publicKeyBytes(issuer, "account")]),
      format: "der",
      type: "spki",
    });
    if (
      !verify(
        null,
        Buffer.from(signed, "latin1"),
        key,
        Buffer.from(signature, "base64url"),
      )
    ) {
      throw invalid("its signature is not the issuer's: it was changed or cut");
    }
  } catch (cause) {
    if (!(cause instanceof NkeyFault)) throw cause;
    throw invalid(`its issuer is no account key: ${cause.message}`, cause);
  }
  const subject = claims["sub"];
  try {
    if (typeof subject !== "string") throw new NkeyFault("it names no subject");
    publicKeyBytes(subject, "user");
    const issuerAccount = nats["issuer_account"];
    return {
      subject,
      account:
        typeof issuerAccount === "string" && issuerAccount !== ""
          ? issuerAccount
          : issuer,
      name: typeof claims["name"] === "string" ? claims["name"] : undefined,
      expiresAt: seconds(claims["exp"]),
      notBefore: seconds(claims["nbf"]),
      bearer: nats["bearer_token"] === true,
    };
  } catch (cause) {
    if (!(cause instanceof NkeyFault)) throw cause;
    throw invalid(`its subject is no user key: ${cause.message}`, cause);
  }
}

function isBase64Url(text: string): boolean {
  if (text.length === 0) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const fine =
      (code >= 0x41 && code <= 0x5a) ||
      (code >= 0x61 && code <= 0x7a) ||
      (code >= 0x30 && code <= 0x39) ||
      code === 0x2d ||
      code === 0x5f;
    if (!fine) return false;
  }
  return true;
}

function jsonObject(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(
      Buffer.from(part, "base64url").toString("utf8"),
    );
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function seconds(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value > 0
    ? value * 1000
    : undefined;
}

/** Kinds are words such as `account`; anything else in their place is not repeated. */
function printable(kind: unknown): string {
  return typeof kind === "string" && /^[a-z_]{1,24}$/.test(kind)
    ? `\`${kind}\``
    : "unknown";
}
