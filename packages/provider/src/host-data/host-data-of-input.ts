import type { Readable } from "node:stream";

import { decodeBase64 } from "@keyturn/nats/json";

import { fail } from "../errors/provider-errors.js";
import { readHostData, type HostData } from "./host-data.js";
import { readHostDataLine } from "./read-host-data-line.js";

/**
 * HostData as a wasmCloud host writes it to standard input. No bytes of it are left but those of
 * the secrets in the result.
 *
 * @throws KeyturnError `PROVIDER_HOST_DATA_…`, `PROVIDER_LATTICE_CREDENTIAL_HALF`
 */
export async function hostDataOfInput(
  input: Readable,
  sensitiveConfigKeys: readonly string[],
): Promise<HostData> {
  const line = await readHostDataLine(input);
  const json = decodeBase64(line);
  line.fill(0);
  if (json === undefined)
    throw fail(
      "PROVIDER_HOST_DATA_INVALID",
      "The HostData line on standard input is not base64.",
    );
  try {
    return readHostData(json, sensitiveConfigKeys);
  } finally {
    json.fill(0);
  }
}
