import { createHash } from "node:crypto";

import type { SigningKey } from "@keyturn/nats";
import { signClaims } from "@keyturn/nats/wasmcloud-secrets";

/** What an archive says of the provider in it. */
export interface ProviderDescription {
  readonly name: string;
  readonly vendor: string;
  /** A whole number that grows. */
  readonly revision?: number;
  readonly version?: string;
  /** JSON schema of the config of its links, which tools show. */
  readonly configSchema?: unknown;
}

/** Who signs, for whom, and when. */
export interface Signing {
  /** Key of an account, `A…`. */
  readonly issuer: SigningKey;
  /** Identity of the provider, `V…`. */
  readonly subject: string;
  /** Seconds since 1970. */
  readonly issuedAt: number;
}

/** Name of the entry that holds the interfaces, and of its hash in the token. */
export const worldName = "world.wasm";

/** SHA-256 as tokens have it. */
export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").toUpperCase();
}

/** The token of an archive. Same input, same token: its id is made of what it says. */
export function providerToken(
  description: ProviderDescription,
  hashes: Readonly<Record<string, string>>,
  { issuer, subject, issuedAt }: Signing,
): string {
  const { name, vendor, revision, version, configSchema } = description;
  const claims = {
    sub: subject,
    iat: issuedAt,
    wascap: {
      name,
      vendor,
      rev: revision,
      ver: version,
      target_hashes: hashes,
      config_schema: configSchema,
    },
  };
  const jti = createHash("sha256")
    .update(JSON.stringify([issuer.publicKey, claims]))
    .digest("base64url")
    .slice(0, 22);
  return signClaims({ jti, ...claims }, issuer);
}
