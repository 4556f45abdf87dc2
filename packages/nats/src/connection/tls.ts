import { createSecureContext, type SecureContext } from "node:tls";
import { X509Certificate } from "node:crypto";

import type { ConnectionOptions } from "@nats-io/nats-core";
import type { NodeConnectionOptions } from "@nats-io/transport-node";

import { fail } from "../errors/nats-errors.js";
import type { Secret } from "../secret/secret.js";

/** The TLS options of nats.js, and what they lack. Certificates and keys are PEM text. */
export interface TlsSettings extends Omit<
  NonNullable<NodeConnectionOptions["tls"]>,
  "key"
> {
  /** Authorities to trust, one or more certificates. Default: those of Node.js. */
  readonly ca?: string;
  /** Key of the client certificate `cert`. */
  readonly key?: Secret | string;
  /** The name that the server's certificate must have. Default: the name or address dialled. */
  readonly serverName?: string;
}

/** What nats.js passes on to Node's `tls.connect`, though its types do not say so. */
type PassedOn = NonNullable<ConnectionOptions["tls"]> & {
  secureContext?: SecureContext;
  servername?: string;
};

const nodeFiles = ["caFile", "certFile", "keyFile"] as const;
const certificate =
  /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Looks at TLS settings as `connect` does, without any dial.
 *
 * @throws KeyturnError `CONNECT_TLS_INVALID`, `CONNECT_OPTIONS_CONFLICT`
 */
export function assertTlsUsable(tls: TlsSettings): void {
  tlsOptions(tls, false);
}

/**
 * TLS settings for nats.js, looked at before any dial, so that an error shows here and says what is
 * wrong. PEM texts become a native context; the key stays in no option.
 *
 * @param demanded whether an address says `tls://`
 * @throws KeyturnError `CONNECT_TLS_INVALID`, `CONNECT_OPTIONS_CONFLICT`
 */
export function tlsOptions(
  tls: TlsSettings | null | undefined,
  demanded: boolean,
): { tls?: PassedOn | null } {
  if (tls === undefined) return demanded ? { tls: {} } : {};
  if (tls === null) {
    if (!demanded) return { tls };
    throw fail(
      "CONNECT_OPTIONS_CONFLICT",
      "A server address demands TLS, and the option `tls` is null.",
    );
  }
  const { ca, cert, key, serverName, ...rest } = tls;
  refuseHalves(tls);
  const servername = serverName === undefined ? {} : { servername: serverName };
  // Files are read by nats.js, at each dial anew.
  if (ca === undefined && cert === undefined)
    return { tls: { ...rest, ...servername } };
  for (const file of nodeFiles) {
    if (rest[file] === undefined) continue;
    throw fail(
      "CONNECT_OPTIONS_CONFLICT",
      `The option \`tls.${file}\` does not go together with certificates given as text.`,
    );
  }
  const secureContext = contextOf(ca, cert, key);
  return { tls: { ...rest, ...servername, secureContext } };
}

function refuseHalves(tls: TlsSettings): void {
  const hasCertificate = tls.cert !== undefined || tls.certFile !== undefined;
  const hasKey = tls.key !== undefined || tls.keyFile !== undefined;
  if (hasCertificate === hasKey) return;
  throw fail(
    "CONNECT_TLS_INVALID",
    hasKey
      ? "The key of a client certificate is given without the certificate."
      : "A client certificate is given without its key.",
  );
}

function contextOf(
  ca: string | undefined,
  cert: string | undefined,
  key: Secret | string | undefined,
): SecureContext {
  if (ca !== undefined) readCertificates(ca, "the CA bundle");
  if (cert !== undefined) readCertificates(cert, "the client certificate");
  const make = (keyPem: Buffer | undefined): SecureContext => {
    try {
      return createSecureContext({
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(keyPem === undefined ? {} : { key: keyPem }),
      });
    } catch (error) {
      // Its words are left out, save those that we know: they might quote the input.
      throw fail(
        "CONNECT_TLS_INVALID",
        (error as { reason?: string }).reason === "key values mismatch"
          ? "The key is not that of the client certificate."
          : "The key of the client certificate cannot be read.",
      );
    }
  };
  if (key === undefined) return make(undefined);
  if (typeof key === "string") return make(Buffer.from(key));
  return key.use((bytes) => {
    const pem = Buffer.from(bytes);
    try {
      return make(pem);
    } finally {
      pem.fill(0);
    }
  });
}

/** OpenSSL passes over what it cannot read in a CA bundle; the connection would fail much later. */
function readCertificates(pem: string, what: string): void {
  const begun = pem.split("-----BEGIN CERTIFICATE-----").length - 1;
  const whole = pem.match(certificate) ?? [];
  if (begun === 0)
    throw fail(
      "CONNECT_TLS_INVALID",
      `There is no certificate in ${what}: no \`-----BEGIN CERTIFICATE-----\`.`,
    );
  for (let i = 0; i < begun; i++) {
    try {
      void new X509Certificate(whole[i] ?? "");
    } catch {
      throw fail(
        "CONNECT_TLS_INVALID",
        `Certificate ${i + 1} of ${begun} in ${what} cannot be read.`,
      );
    }
  }
}
