import { assertTlsUsable, type TlsSettings } from "@keyturn/nats";

import type { ConfigKey } from "../config/keys.js";
import type { LinkSettings } from "../config/settings.js";
import {
  findValue,
  textOf,
  type Found,
  type LinkSources,
} from "../credentials/link-sources.js";
import { inContext } from "../errors/in-context.js";
import { fail } from "../errors/messaging-errors.js";

/** What a link's config and secrets say of TLS, looked at and found usable. */
export interface TlsValues {
  /** Undefined if they say nothing. */
  readonly settings: TlsSettings | undefined;
  readonly key: Found | undefined;
}

/** In the words of the stock provider: scripts may look for them. */
const stockWords = {
  noCertificate:
    "tls ca: invalid certificate type, must be a DER encoded PEM file",
  unreadable: "failed to read CA",
};

/**
 * Reads certificates and key.
 *
 * @throws KeyturnError `CONNECT_TLS_INVALID`, `MESSAGING_CREDENTIAL_INCOMPLETE`,
 *   `MESSAGING_CONFIG_INVALID`
 */
export function readTls(
  sources: LinkSources,
  { tlsServerName, tlsFirst }: LinkSettings,
): TlsValues {
  const ca = readCa(sources);
  const cert = filled(sources, "tls_cert");
  const key = filled(sources, "tls_key");
  const pair = readPair(sources, cert, key);
  const settings: TlsSettings = {
    ...(ca !== undefined && { ca }),
    ...pair,
    ...(tlsServerName !== undefined && { serverName: tlsServerName }),
    ...(tlsFirst && { handshakeFirst: true }),
  };
  const isEmpty = Object.keys(settings).length === 0;
  return { settings: isEmpty ? undefined : settings, key };
}

function readCa(sources: LinkSources): string | undefined {
  const found = filled(sources, "tls_ca");
  if (found === undefined) return undefined;
  const ca = textOf(found, "tls_ca");
  const words = ca.includes("-----BEGIN CERTIFICATE-----")
    ? stockWords.unreadable
    : stockWords.noCertificate;
  inContext(`\`tls_ca\` of the ${found.source.name}: ${words}`, () =>
    assertTlsUsable({ ca }),
  );
  return ca;
}

/** The certificate is no secret, so its key may come from another place. */
function readPair(
  sources: LinkSources,
  cert: Found | undefined,
  key: Found | undefined,
): Pick<TlsSettings, "cert" | "key"> {
  if (cert === undefined || key === undefined) {
    const there = cert ?? key;
    if (there !== undefined && sources.complete)
      throw half(there, cert === undefined ? "tls_key" : "tls_cert");
    return {};
  }
  const pair = { cert: textOf(cert, "tls_cert"), key: key.secret };
  inContext(
    `\`tls_cert\` of the ${cert.source.name} and \`tls_key\` of the ${key.source.name}`,
    () => assertTlsUsable(pair),
  );
  return pair;
}

function half(there: Found, name: "tls_cert" | "tls_key"): Error {
  const missing = name === "tls_cert" ? "tls_key" : "tls_cert";
  return fail(
    "MESSAGING_CREDENTIAL_INCOMPLETE",
    `There is \`${name}\` in the ${there.source.name}, and \`${missing}\` is nowhere.`,
    { next: "Give both of them, the key best as a secret, or neither." },
  );
}

/** A value that is there and not empty. */
function filled(sources: LinkSources, key: ConfigKey): Found | undefined {
  const found = findValue(sources, key);
  return found === undefined || found.secret.byteLength === 0
    ? undefined
    : found;
}
