import { createSecureContext } from "node:tls";

import type { ConnectionOptions, TlsOptions } from "@nats-io/nats-core";

import { fail } from "../errors/nats-errors.js";

/**
 * TLS settings for nats.js, looked at before any dial: an error of PEM shows here, with what is wrong,
 * and not as a hang later.
 *
 * @throws KeyturnError `CONNECT_TLS_INVALID`
 */
export function tlsOptions(
  tls: ConnectionOptions["tls"],
  demanded: boolean,
): { tls?: TlsOptions } {
  if (tls === undefined || tls === null) return demanded ? { tls: {} } : {};
  const { ca, cert, key, certFile, keyFile } = tls as TlsOptions;
  if (
    (cert === undefined && certFile === undefined) !==
    (key === undefined && keyFile === undefined)
  ) {
    throw fail(
      "CONNECT_TLS_INVALID",
      "Of the client certificate and its key only one is given.",
    );
  }
  try {
    createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  } catch (cause) {
    throw fail(
      "CONNECT_TLS_INVALID",
      `A certificate or key cannot be read (${reasonOf(cause)}).`,
    );
  }
  return { tls: tls as TlsOptions };
}

/** OpenSSL's word for it; its full text is left out, as it may quote the input. */
function reasonOf(cause: unknown): string {
  const { reason, code } = cause as { reason?: string; code?: string };
  return reason ?? code ?? "no PEM text";
}
