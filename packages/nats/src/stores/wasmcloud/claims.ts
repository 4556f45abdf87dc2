import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

import { encodePublic, type SigningKey } from "../../credentials/nkey.js";

/**
 * A claims token of wasmCloud (crate `wascap` 0.16). It names who asks a secrets backend; it proves
 * nothing to a backend that does not know the issuer.
 */
export interface Claims {
  /** Identity: component `M…`, provider `V…`, host `N…`. */
  readonly sub: string;
  /** Seconds since 1970. */
  readonly iat?: number;
  readonly exp?: number;
  readonly nbf?: number;
  readonly jti?: string;
  /** What wasmCloud says of it; its fields depend on what it is. */
  readonly wascap?: Readonly<Record<string, unknown>>;
}

/** Signs claims; an account `A…` issues those of components and providers. */
export function signClaims(
  claims: Claims,
  issuer: Pick<SigningKey, "publicKey" | "key">,
): string {
  const { jti, iat, sub, exp, nbf, wascap } = claims;
  const payload = {
    jti: jti ?? randomBytes(16).toString("base64url"),
    iat: iat ?? Math.floor(Date.now() / 1000),
    iss: issuer.publicKey,
    sub,
    exp,
    nbf,
    wascap,
    wascap_revision: wascap === undefined ? undefined : 3,
  };
  const signed = `${encode({ typ: "jwt", alg: "Ed25519" })}.${encode(payload)}`;
  const signature = sign(null, Buffer.from(signed), issuer.key);
  return `${signed}.${signature.toString("base64url")}`;
}

/**
 * A token as a host makes it of itself at its start: issued by an account that nobody knows, for a host
 * that nobody knows.
 */
export function selfSignedHostToken(name: string): string {
  const issuer = generateKeyPairSync("ed25519");
  const host = generateKeyPairSync("ed25519");
  const raw = (key: typeof host.publicKey): Buffer =>
    Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");
  return signClaims(
    {
      sub: encodePublic("server", raw(host.publicKey)),
      wascap: { name, labels: { self_signed: "true" } },
    },
    {
      publicKey: encodePublic("account", raw(issuer.publicKey)),
      key: issuer.privateKey,
    },
  );
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
