import type { KeyPair } from "@nats-io/nkeys";

const base64url = (text: string | Uint8Array): string =>
  Buffer.from(text).toString("base64url");

/** A claims token as wascap makes it. */
export function claimsToken(
  issuer: KeyPair,
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>> = { typ: "jwt", alg: "Ed25519" },
): string {
  const text = [header, { jti: "TEST", iat: 1_700_000_000, ...claims }]
    .map((part) => base64url(JSON.stringify(part)))
    .join(".");
  return `${text}.${base64url(issuer.sign(Buffer.from(text)))}`;
}
