import { createHash, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";

import type { CredentialOrigin } from "../credentials/credential.js";
import { fail } from "../errors/nats-errors.js";
import type { Keepable } from "../keeper/keeper.js";
import type { Secret } from "../secret/secret.js";

/** What this side brings to TLS; certificates and keys are PEM text. */
export interface TlsMaterial {
  /** Authorities to trust, one or more certificates. Default: those of Node.js. */
  readonly ca?: string | undefined;
  /** The client certificate, followed by those of intermediate authorities. */
  readonly cert?: string | undefined;
  /** Key of the client certificate. */
  readonly key?: Secret | string | undefined;
  /** Where it came from, for operators. */
  readonly origin?: CredentialOrigin;
}

const certificate =
  /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * One immutable pair of client certificate and key, and the authorities to trust, whichever there are.
 * Looked at when it is made: a key that belongs to another certificate never gets here. The key is in a
 * native context only.
 */
export class ClientTls implements Keepable {
  readonly origin: CredentialOrigin;
  /** Equal exactly if the certificates are. */
  readonly fingerprint: string;
  /** The subject of the client certificate, as `CN=orders, O=Example`. */
  readonly subject: string | undefined;
  readonly serialNumber: string | undefined;
  readonly validFrom: Date | undefined;
  /** When the first of the client certificate and its intermediate ones ends. */
  readonly expiresAt: Date | undefined;
  /** Certificates do not say when they were made. */
  readonly issuedAt: undefined;
  readonly #context: SecureContext;

  /**
   * @param settings further ones of Node's secure contexts
   * @throws KeyturnError `CONNECT_TLS_INVALID`
   */
  constructor(
    material: TlsMaterial,
    origin: CredentialOrigin,
    settings: object = {},
  ) {
    const { ca, cert, key } = material;
    const trusted =
      ca === undefined ? [] : readCertificates(ca, "the CA bundle");
    const own =
      cert === undefined
        ? []
        : readCertificates(cert, "the client certificate");
    this.#context = contextOf(ca, cert, key, settings);
    const [leaf] = own;
    this.origin = Object.freeze({ ...origin });
    this.subject = leaf?.subject.trim().replace(/\n/g, ", ");
    this.serialNumber = leaf?.serialNumber;
    this.validFrom = leaf === undefined ? undefined : new Date(leaf.validFrom);
    this.expiresAt =
      leaf === undefined
        ? undefined
        : new Date(Math.min(...own.map(({ validTo }) => Date.parse(validTo))));
    const hash = createHash("sha256");
    for (const { raw } of own) hash.update(raw);
    hash.update("/");
    for (const { raw } of trusted) hash.update(raw);
    this.fingerprint = hash.digest("hex").slice(0, 24);
    Object.freeze(this);
  }

  /** For Node's `tls.connect`. */
  get context(): SecureContext {
    return this.#context;
  }

  /** For people: the subject and where it came from. */
  get name(): string {
    const what = this.subject ?? "authorities to trust";
    return `${what}, from ${this.origin.source}`;
  }

  /** @throws KeyturnError `CERTIFICATE_EXPIRED` */
  assertUsable(now: Date = new Date()): void {
    if (this.expiresAt === undefined || now < this.expiresAt) return;
    throw fail(
      "CERTIFICATE_EXPIRED",
      `The client certificate ${this.name} expired at ${this.expiresAt.toISOString()}.`,
    );
  }
}

function contextOf(
  ca: string | undefined,
  cert: string | undefined,
  key: Secret | string | undefined,
  settings: object,
): SecureContext {
  const make = (keyPem: Buffer | undefined): SecureContext => {
    try {
      return createSecureContext({
        ...settings,
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
function readCertificates(pem: string, what: string): X509Certificate[] {
  const begun = pem.split("-----BEGIN CERTIFICATE-----").length - 1;
  const whole = pem.match(certificate) ?? [];
  if (begun === 0)
    throw fail(
      "CONNECT_TLS_INVALID",
      `There is no certificate in ${what}: no \`-----BEGIN CERTIFICATE-----\`.`,
    );
  return Array.from({ length: begun }, (_, i) => {
    try {
      return new X509Certificate(whole[i] ?? "");
    } catch {
      throw fail(
        "CONNECT_TLS_INVALID",
        `Certificate ${i + 1} of ${begun} in ${what} cannot be read.`,
      );
    }
  });
}
