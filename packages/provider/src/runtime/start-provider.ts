import type { ProviderDefinition } from "../definition/provider-definition.js";
import { readHostData } from "../host-data/host-data.js";
import { Provider } from "./provider.js";
import type { RunningProvider } from "./running-provider.js";

/**
 * Starts a provider inside this process, for tests and for programs that embed it. Unlike
 * `runProvider` it reads no input, takes no signals and never ends the process.
 *
 * @param hostData HostData JSON as UTF-8, without base64; not kept, and not wiped
 * @throws KeyturnError `PROVIDER_HOST_DATA_INVALID`, `PROVIDER_LATTICE_CREDENTIAL_HALF`,
 *   `PROVIDER_XKEY_INVALID`, `PROVIDER_LATTICE_UNREACHABLE`, `PROVIDER_CREATE_FAILED`,
 *   `PROVIDER_STOPPED`
 */
export async function startProvider(
  definition: ProviderDefinition,
  hostData: Uint8Array,
): Promise<RunningProvider> {
  const provider = new Provider(
    definition,
    readHostData(hostData, definition.sensitiveConfigKeys ?? []),
  );
  await provider.start();
  return provider;
}
