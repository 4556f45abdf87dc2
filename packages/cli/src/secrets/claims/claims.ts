import { createPublicKey, verify } from "node:crypto";

import { NkeyFault, publicKeyBytes } from "@keyturn/nats";
import {
  asValue,
  Fields,
  JsonError,
  onlyFields,
  parseJson,
  type Handling,
} from "@keyturn/nats/json";

/** What a claims token (wascap) says, once its signature has been checked. */
export interface Claims {
  /** `A…` for components and providers. */
  readonly issuer: string;
  /** `M…` component, `V…` provider, `N…` host. */
  readonly subject: string;
  /** Seconds since 1970. */
  readonly expires: number | undefined;
  readonly notBefore: number | undefined;
}

/** Why a token is not taken: a part of a sentence, never the token. */
export class ClaimsFault extends Error {
  override readonly name = "ClaimsFault";
}

/** A token of the largest component is far from it. */
const longestToken = 128 * 1024;
const header = onlyFields({ typ: asValue, alg: asValue });
const payload = onlyFields({
  iss: asValue,
  sub: asValue,
  exp: asValue,
  nbf: asValue,
});

/**
 * Reads a claims token and checks its form and signature. Its times are the caller's to check, as it may
 * keep what it got: see {@link checkTimes}.
 *
 * Form: base64url without padding, header `typ` = `jwt` and `alg` = `Ed25519`, signed by the key in `iss`
 * (crate wascap 0.16).
 *
 * @throws ClaimsFault
 */
export function readClaims(token: string): Claims {
  if (token.length > longestToken) throw new ClaimsFault("it is too long");
  const parts = token.split(".");
  const [first = "", second = "", third = ""] = parts;
  if (parts.length !== 3)
    throw new ClaimsFault(
      `invalid token format, expected 3 segments, found ${parts.length}`,
    );
  const algorithm = read("header", first, header, (fields) =>
    [fields.text("alg", ""), fields.text("typ", "")].join(),
  );
  if (algorithm !== "Ed25519,jwt")
    throw new ClaimsFault("its header names another algorithm or type");
  const claims = read("payload", second, payload, (fields) => ({
    issuer: fields.text("iss", ""),
    subject: fields.text("sub", ""),
    expires: seconds(fields, "exp"),
    notBefore: seconds(fields, "nbf"),
  }));
  if (claims.issuer === "" || claims.subject === "")
    throw new ClaimsFault("it has no issuer or no subject");
  const signature = decoded("signature", third);
  if (!isSigned(claims.issuer, `${first}.${second}`, signature))
    throw new ClaimsFault("signature is not valid");
  return claims;
}

/**
 * Checks that a token is in force, without leeway.
 *
 * @param now milliseconds since 1970
 * @throws ClaimsFault
 */
export function checkTimes(claims: Claims, now: number): void {
  const { expires, notBefore } = claims;
  const second = Math.floor(now / 1000);
  if (expires !== undefined && expires < second)
    throw new ClaimsFault(`token expired at \`${shown(expires)}\``);
  if (notBefore !== undefined && second < notBefore)
    throw new ClaimsFault(
      `token cannot be used before \`${shown(notBefore)}\``,
    );
}

function read<T>(
  what: string,
  part: string,
  handling: Handling,
  reader: (fields: Fields) => T,
): T {
  try {
    return reader(new Fields(parseJson(decoded(what, part), handling)));
  } catch (error) {
    throw error instanceof JsonError
      ? new ClaimsFault(`its ${what} is malformed: ${error.message}`)
      : error;
  }
}

function seconds(fields: Fields, name: string): number | undefined {
  const time = fields.count(name, -1);
  return time === -1 ? undefined : time;
}

function decoded(what: string, part: string): Uint8Array {
  const bytes = Buffer.from(part, "base64url");
  // Node skips what is no base64url, and two texts would stand for one token.
  if (bytes.toString("base64url") !== part)
    throw new ClaimsFault(`its ${what} is not base64url`);
  return bytes;
}

function isSigned(
  issuer: string,
  text: string,
  signature: Uint8Array,
): boolean {
  try {
    const x = Buffer.from(publicKeyBytes(issuer)).toString("base64url");
    const key = createPublicKey({
      key: { kty: "OKP", crv: "Ed25519", x },
      format: "jwk",
    });
    return verify(null, Buffer.from(text, "latin1"), key, signature);
  } catch (error) {
    if (error instanceof NkeyFault)
      throw new ClaimsFault(`its issuer is no public key: ${error.message}`);
    throw error;
  }
}

function shown(time: number): string {
  const date = new Date(time * 1000);
  return Number.isNaN(date.getTime()) ? `${time}` : date.toISOString();
}
