import { isKeyturnError } from "@keyturn/nats";

import type { ProviderErrorCode } from "../errors/provider-errors.js";

/** How a provider's process ends. A host looks only at the fact that it ended. */
export const exitCodes = {
  /** Stopped as it was asked to: by the host, by a signal, or because the host is gone. */
  stopped: 0,
  /** HostData was missing or not usable. */
  hostData: 1,
  /** The provider's own code could not start. */
  start: 2,
  /** The lattice could not be reached, or was lost for good (`EX_UNAVAILABLE`). */
  lattice: 69,
  /** An error that nothing handled (`EX_SOFTWARE`). */
  crash: 70,
} as const;

/** The code for a provider that did not start, or that stopped without being asked to. */
export function exitCodeOf(error: unknown): number {
  const code = isKeyturnError(error)
    ? (error.code as ProviderErrorCode)
    : undefined;
  switch (code) {
    case "PROVIDER_STOPPED":
      return exitCodes.stopped;
    case "PROVIDER_LATTICE_UNREACHABLE":
    case "PROVIDER_LATTICE_LOST":
      return exitCodes.lattice;
    case "PROVIDER_HOST_DATA_MISSING":
    case "PROVIDER_HOST_DATA_TOO_LARGE":
    case "PROVIDER_HOST_DATA_INVALID":
    case "PROVIDER_LATTICE_CREDENTIAL_HALF":
    case "PROVIDER_XKEY_INVALID":
      return exitCodes.hostData;
    default:
      return exitCodes.start;
  }
}
