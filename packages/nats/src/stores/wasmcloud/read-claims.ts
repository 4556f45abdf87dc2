import { verify } from "node:crypto";

import {
  NkeyFault,
  readPublicKey,
  verifyingKey,
  type NkeyKind,
} from "../../credentials/nkey.js";
import type { Claims } from "./claims.js";

/** Why a text is no claims token; a plain word for the reader, never the text. */
export class ClaimsFault extends Error {
  override readonly name = "ClaimsFault";
}

/** A claims token that has been read. */
export interface ReadClaims {
  readonly claims: Claims;
  /** Who has issued it: a public key of any kind. */
  readonly issuer: string;
  readonly issuerKind: NkeyKind;
  /** Whether the issuer has signed it. Who that is, and whether it has expired, is not looked at. */
  readonly isSigned: boolean;
}

/** Tokens have some hundred bytes; with a config schema some thousand. */
const longestToken = 128 * 1024;

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a claims token of wasmCloud, as strictly as `wascap` 0.16 does before it looks at signature and
 * times.
 *
 * @throws ClaimsFault
 */
export function readClaims(token: string): ReadClaims {
  if (token.length > longestToken) throw new ClaimsFault("it is too long");
  const parts = token.split(".");
  const [head = "", body = "", signature = ""] = parts;
  if (parts.length !== 3)
    throw new ClaimsFault(
      `invalid token format, expected 3 segments, found ${parts.length}`,
    );
  const header = jsonObject("header", head);
  if (header["alg"] !== "Ed25519" || header["typ"] !== "jwt")
    throw new ClaimsFault("its header names another algorithm or type");
  const claims = claimsOf(jsonObject("payload", body));
  const { iss: issuer } = claims;
  const { kind, bytes } = issuerKey(issuer);
  return {
    claims,
    issuer,
    issuerKind: kind,
    isSigned: verify(
      null,
      Buffer.from(`${head}.${body}`, "latin1"),
      verifyingKey(bytes),
      decoded("signature", signature),
    ),
  };
}

function claimsOf(payload: Json): Claims & { readonly iss: string } {
  const text = (name: string): string => {
    const value = payload[name];
    if (typeof value !== "string" || (value === "" && name !== "jti"))
      throw new ClaimsFault(`its claim \`${name}\` is no text`);
    return value;
  };
  const seconds = (name: string): number | undefined => {
    const value = payload[name] ?? undefined;
    if (value !== undefined && !(Number.isInteger(value) && Number(value) >= 0))
      throw new ClaimsFault(`its claim \`${name}\` is no time in seconds`);
    return value as number | undefined;
  };
  const wascap = payload["wascap"] ?? undefined;
  if (wascap !== undefined && !isObject(wascap))
    throw new ClaimsFault("its claim `wascap` is no JSON object");
  const [iat, exp, nbf] = ["iat", "exp", "nbf"].map(seconds);
  if (iat === undefined) throw new ClaimsFault("its claim `iat` is missing");
  return {
    jti: text("jti"),
    iss: text("iss"),
    sub: text("sub"),
    iat,
    ...(exp !== undefined && { exp }),
    ...(nbf !== undefined && { nbf }),
    ...(wascap !== undefined && { wascap }),
  };
}

function issuerKey(issuer: string): ReturnType<typeof readPublicKey> {
  try {
    return readPublicKey(issuer);
  } catch (fault) {
    if (!(fault instanceof NkeyFault)) throw fault;
    throw new ClaimsFault(`its issuer is no public key: ${fault.message}`);
  }
}

function jsonObject(what: string, part: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(decoded(what, part).toString("utf8"));
  } catch (fault) {
    if (fault instanceof ClaimsFault) throw fault;
  }
  if (!isObject(value)) throw new ClaimsFault(`its ${what} is no JSON object`);
  return value;
}

/** Base64url without padding, in its one right spelling. */
function decoded(what: string, part: string): Buffer {
  const bytes = Buffer.from(part, "base64url");
  if (bytes.toString("base64url") !== part)
    throw new ClaimsFault(`its ${what} is not base64url`);
  return bytes;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
