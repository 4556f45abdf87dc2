import { verify } from "node:crypto";

import { fail } from "../errors/nats-errors.js";
import { mistakenFor } from "./mistaken.js";
import {
  NkeyFault,
  publicKeyBytes,
  verifyingKey,
  type NkeyKind,
} from "./nkey.js";

/** What a user JWT says about itself. Times in milliseconds since the epoch. */
export interface UserClaims {
  /** The subject: the user's public key, `U…`. */
  readonly subject: string;
  /** The account the user belongs to, `A…`. */
  readonly account: string;
  readonly name: string | undefined;
  readonly expiresAt: number | undefined;
  readonly notBefore: number | undefined;
  readonly issuedAt: number | undefined;
  /** Whether a server takes the JWT without a signature. */
  readonly bearer: boolean;
}

/** A JWT as text, with what it says. */
export interface UserJwt {
  readonly text: string;
  readonly claims: UserClaims;
}

type Json = Readonly<Record<string, unknown>>;

/** The longest JWT that is looked at. Servers take about 3,800 bytes unless told otherwise. */
const longestJwt = 64 * 1024;
/** The last second that a `Date` can hold. */
const latestTime = 8.64e12;

/**
 * Reads and checks a NATS user JWT as a server would: form, signature by the key it names as issuer,
 * kind, subject; versions 1 and 2. Whether it is expired is not checked here, since it changes with
 * time; whether the server knows the account, only the server can tell.
 *
 * @param where names the origin in messages
 * @throws KeyturnError `CREDENTIAL_JWT_INVALID`, `CREDENTIAL_WRONG_KIND`, `CREDENTIAL_JWT_TOO_LONG`
 */
export function readUserJwt(bytes: Uint8Array, where: string): UserJwt {
  if (bytes.length > longestJwt) {
    throw fail(
      "CREDENTIAL_JWT_TOO_LONG",
      `The user JWT from ${where} has ${bytes.length} bytes; more than ${longestJwt} are not even read.`,
    );
  }
  try {
    const fault = faultOfForm(bytes);
    if (fault !== undefined) throw new JwtFault(fault);
    // Only now it becomes a string: what stood here in error, a seed perhaps, never does.
    const text = Buffer.from(bytes).toString("latin1");
    return { text, claims: claimsOf(text, where) };
  } catch (cause) {
    if (!(cause instanceof JwtFault)) throw cause;
    throw fail(
      "CREDENTIAL_JWT_INVALID",
      `The user JWT from ${where} cannot be used: ${cause.message}.`,
    );
  }
}

/** Why a text is no usable JWT; a plain word for the reader, never the text. */
class JwtFault extends Error {}

function faultOfForm(bytes: Uint8Array): string | undefined {
  const other = mistakenFor(bytes, "a JWT");
  if (other !== undefined) return `it is ${other}`;
  let dots = 0;
  let length = 0;
  let hasEmptyPart = false;
  for (const code of bytes) {
    if (code === 0x2e) {
      dots++;
      hasEmptyPart ||= length === 0;
      length = 0;
    } else if (isBase64Url(code)) length++;
    else return "it has a character outside base64url";
  }
  return dots === 2 && !hasEmptyPart && length > 0
    ? undefined
    : "it has not the three parts of a JWT";
}

function claimsOf(text: string, where: string): UserClaims {
  const [head, body, signature] = text.split(".") as [string, string, string];
  const header = jsonObject(head);
  const claims = jsonObject(body);
  const algorithm = header["alg"];
  if (algorithm !== "ed25519-nkey" && algorithm !== "ed25519")
    throw new JwtFault(
      "it is not signed with an nkey (`alg` is not `ed25519-nkey`)",
    );
  const nats = isObject(claims["nats"]) ? claims["nats"] : {};
  // Version 1 has its kind outside `nats` and signs the body alone; version 2 signs head and body.
  const isFirstVersion = typeof claims["type"] === "string";
  const kind = isFirstVersion ? claims["type"] : nats["type"];
  if (kind !== "user") {
    throw fail(
      "CREDENTIAL_WRONG_KIND",
      `The JWT from ${where} is of ${printable(kind)}, where one of kind \`user\` is needed.`,
    );
  }
  const issuer = key("issuer", claims["iss"], "account");
  const signed = isFirstVersion ? body : `${head}.${body}`;
  if (!isSignedBy(issuer, signed, signature))
    throw new JwtFault(
      "its signature is not the issuer's: it was changed or cut",
    );
  // The issuer may be a signing key of the account; then the account is named beside it.
  const account = nats["issuer_account"];
  return {
    subject: key("subject", claims["sub"], "user"),
    account:
      account === undefined || account === ""
        ? issuer
        : key("account", account, "account"),
    name: typeof claims["name"] === "string" ? claims["name"] : undefined,
    expiresAt: time("exp", claims),
    notBefore: time("nbf", claims),
    issuedAt: issuedAt(claims),
    bearer: nats["bearer_token"] === true,
  };
}

function isSignedBy(
  issuer: string,
  signed: string,
  signature: string,
): boolean {
  return verify(
    null,
    Buffer.from(signed, "latin1"),
    verifyingKey(publicKeyBytes(issuer, "account")),
    Buffer.from(signature, "base64url"),
  );
}

/** A public key among the claims. */
function key(what: string, value: unknown, kind: NkeyKind): string {
  if (typeof value !== "string") throw new JwtFault(`it names no ${what}`);
  try {
    publicKeyBytes(value, kind);
    return value;
  } catch (fault) {
    if (!(fault instanceof NkeyFault)) throw fault;
    throw new JwtFault(`its ${what} is no ${kind} key: ${fault.message}`);
  }
}

/** Servers read whole seconds and take what is not above 0 for "none". */
function time(claim: "exp" | "nbf", claims: Json): number | undefined {
  const value = claims[claim] ?? 0;
  if (
    typeof value !== "number" ||
    !Number.isInteger(value) ||
    value > latestTime
  )
    throw new JwtFault(`its claim \`${claim}\` is no time in seconds`);
  return value > 0 ? value * 1000 : undefined;
}

/** No server looks at `iat` of a user, so nothing is refused for it. */
function issuedAt(claims: Json): number | undefined {
  const { iat } = claims;
  return Number.isInteger(iat) &&
    (iat as number) > 0 &&
    (iat as number) <= latestTime
    ? (iat as number) * 1000
    : undefined;
}

function isBase64Url(code: number): boolean {
  return (
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2d ||
    code === 0x5f
  );
}

function jsonObject(part: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    value = undefined;
  }
  if (!isObject(value)) throw new JwtFault("a part of it is not a JSON object");
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Kinds are words such as `account`; anything else in their place is not repeated. */
function printable(kind: unknown): string {
  return typeof kind === "string" && /^[a-z_]{1,24}$/.test(kind)
    ? `kind \`${kind}\``
    : "no known kind";
}
