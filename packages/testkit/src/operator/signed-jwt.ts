import { createHash } from "node:crypto";

import type { KeyPair } from "@nats-io/nkeys";

/** Claims as they stand in the middle part of a NATS JWT. */
export type JwtClaims = Readonly<Record<string, unknown>>;

const header = { typ: "JWT", alg: "ed25519-nkey" };

/** Signs claims as a NATS JWT. `iss` and `jti` are set here; nothing is checked. */
export function signedJwt(claims: JwtClaims, issuer: KeyPair): string {
  const body = { ...claims, iss: issuer.getPublicKey() };
  const jti = createHash("sha256").update(JSON.stringify(body)).digest("hex");
  const signed = `${base64url(header)}.${base64url({ ...body, jti })}`;
  const signature = issuer.sign(new TextEncoder().encode(signed));
  return `${signed}.${Buffer.from(signature).toString("base64url")}`;
}

/** The claims of a JWT; its signature is not checked. */
export function claimsOf(jwt: string): JwtClaims {
  const text = Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString();
  return JSON.parse(text) as JwtClaims;
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
