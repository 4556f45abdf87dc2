import {
  connect,
  credsCredential,
  noCredential,
  type Secret,
} from "@keyturn/nats";
import { Fields, parseJson, asValue, onlyFields } from "@keyturn/nats/json";

import type { ContainerConfig } from "./read-config.js";
import { readSecret } from "./read-secrets.js";

/** How long an answer may take, as hosts wait for one. */
const timeoutMs = 2_000;

/** What a provider says of itself. */
export interface HealthAnswer {
  readonly healthy: boolean;
  readonly message: string;
}

/**
 * Asks a running provider for its health through the lattice, as a host does.
 *
 * @throws KeyturnError if the lattice cannot be reached; Error if the provider does not answer
 */
export async function askHealth({
  lattice,
  provider,
}: ContainerConfig): Promise<HealthAnswer> {
  let creds: Secret | undefined;
  if (lattice.credentials !== undefined)
    creds = await readSecret(lattice.credentials, "lattice.credentials");
  const origin = { source: "`lattice.credentials`", plaintext: false };
  const credentials =
    creds === undefined ? noCredential() : credsCredential(creds, origin);
  creds?.wipe();
  const connection = await connect({
    servers: lattice.url,
    credentials,
    name: "health",
    timeout: timeoutMs,
  });
  try {
    const { data } = await connection.request(
      `wasmbus.rpc.${lattice.name}.${provider}.health`,
      "",
      { timeout: timeoutMs },
    );
    const fields = new Fields(
      parseJson(data, onlyFields({ healthy: asValue, message: asValue })),
    );
    return {
      healthy: fields.boolean("healthy", false),
      message: fields.text("message", ""),
    };
  } finally {
    await connection.close();
    credentials.wipe();
  }
}
