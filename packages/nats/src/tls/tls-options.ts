import type { SecureContext } from "node:tls";

import type { ConnectionOptions } from "@nats-io/nats-core";
import type { NodeConnectionOptions } from "@nats-io/transport-node";

import { fail } from "../errors/nats-errors.js";
import type { KeptSource } from "../keeper/keeper.js";
import type { Secret } from "../secret/secret.js";
import type { Source } from "../sources/credential-source.js";
import { ClientTls, type TlsMaterial } from "./client-tls.js";
import { tlsFiles, tlsFileNames } from "./tls-files.js";

/** Gives client certificate, key and authorities, again when they change. */
export type TlsSource = Source<TlsMaterial>;

/**
 * The TLS options of nats.js, and what they lack. Certificates and keys are PEM text. Those in files
 * (`certFile`, `keyFile`, `caFile`) are read again when the files change.
 */
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
  /**
   * What gives client certificate, key and authorities, in place of text and files: asked again ahead of
   * the certificate's expiry, and when it says so.
   */
  readonly source?: TlsSource | TlsSource["read"];
}

/** What nats.js passes on to Node's `tls.connect`, though its types do not say so. */
export type PassedOnTls = NonNullable<ConnectionOptions["tls"]> & {
  secureContext?: SecureContext;
  servername?: string;
};

/** TLS settings, taken apart. */
export interface ReadTls {
  /** Those for nats.js, without certificates. */
  readonly options: { tls?: PassedOnTls | null };
  /** Certificates and key; absent if there are none. */
  readonly source?: KeptSource<ClientTls>;
}

/** Whence settings that were given as they are. */
const given = { source: "the option `tls`", plaintext: false };

/**
 * Looks at TLS settings as `connect` does, without any dial.
 *
 * @throws KeyturnError `CONNECT_TLS_INVALID`, `CONNECT_OPTIONS_CONFLICT`
 */
export function assertTlsUsable(tls: TlsSettings): void {
  readTls(tls, false);
}

/**
 * TLS settings, looked at before any dial, so that an error shows here and says what is wrong. PEM
 * texts become a native context; the key stays in no option.
 *
 * @param demanded whether an address says `tls://`
 * @throws KeyturnError `CONNECT_TLS_INVALID`, `CONNECT_OPTIONS_CONFLICT`
 */
export function readTls(
  tls: TlsSettings | null | undefined,
  demanded: boolean,
): ReadTls {
  if (tls === undefined) return { options: demanded ? { tls: {} } : {} };
  if (tls === null) {
    if (!demanded) return { options: { tls } };
    throw fail(
      "CONNECT_OPTIONS_CONFLICT",
      "A server address demands TLS, and the option `tls` is null.",
    );
  }
  const { ca, cert, key, serverName, source, ...rest } = tls;
  const { certFile, keyFile, caFile, ...others } = rest;
  refuseHalves(tls);
  refuseMixtures(tls);
  const options: { tls: PassedOnTls } = {
    tls: {
      ...others,
      ...(serverName === undefined ? {} : { servername: serverName }),
    },
  };
  const make = (material: TlsMaterial): ClientTls =>
    new ClientTls(material, material.origin ?? given, others);
  if (source !== undefined) return { options, source: sourceOf(source, make) };
  if (certFile !== undefined || caFile !== undefined)
    return {
      options,
      source: tlsFiles({ cert: certFile, key: keyFile, ca: caFile }, make),
    };
  if (ca === undefined && cert === undefined) return { options };
  const fixed = make({ ca, cert, key });
  return { options, source: { isFixed: true, read: () => fixed } };
}

function sourceOf(
  source: TlsSource | TlsSource["read"],
  make: (material: TlsMaterial) => ClientTls,
): KeptSource<ClientTls> {
  const { read, watch } =
    typeof source === "function"
      ? { read: source, watch: undefined }
      : {
          read: (signal: AbortSignal) => source.read(signal),
          watch: source.watch?.bind(source),
        };
  return {
    read: async (signal) => {
      const material = await read(signal);
      refuseHalves(material);
      const { origin = { source: "the TLS source", plaintext: false } } =
        material;
      return make({ ...material, origin });
    },
    ...(watch !== undefined && { watch }),
  };
}

function refuseMixtures(tls: TlsSettings): void {
  const texts = ["ca", "cert", "key"] as const;
  const isText = texts.some((name) => tls[name] !== undefined);
  for (const file of tlsFileNames) {
    if (tls[file] === undefined) continue;
    if (isText)
      throw fail(
        "CONNECT_OPTIONS_CONFLICT",
        `The option \`tls.${file}\` does not go together with certificates given as text.`,
      );
  }
  if (tls.source === undefined) return;
  for (const other of [...texts, ...tlsFileNames])
    if (tls[other] !== undefined)
      throw fail(
        "CONNECT_OPTIONS_CONFLICT",
        `The option \`tls.${other}\` does not go together with \`tls.source\`, which gives all of them.`,
      );
}

function refuseHalves(tls: TlsSettings | TlsMaterial): void {
  const { certFile, keyFile } = tls as TlsSettings;
  const hasCertificate = tls.cert !== undefined || certFile !== undefined;
  const hasKey = tls.key !== undefined || keyFile !== undefined;
  if (hasCertificate === hasKey) return;
  throw fail(
    "CONNECT_TLS_INVALID",
    hasKey
      ? "The key of a client certificate is given without the certificate."
      : "A client certificate is given without its key.",
  );
}
