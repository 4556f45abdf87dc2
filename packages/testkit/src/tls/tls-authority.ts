import { generateKeyPairSync, type KeyPairKeyObjectResult } from "node:crypto";

import { certificatePem, type CertificateUse } from "./certificate.js";

/** A certificate and its private key, as PEM text. */
export interface TlsCertificate {
  /** The certificate, followed by those of intermediate authorities. */
  readonly certificate: string;
  /** PKCS #8. */
  readonly key: string;
}

/** What a certificate says. */
export interface CertificateOptions {
  /** DNS names and IP addresses. */
  readonly names?: readonly string[];
  /** Seconds from now; negative for one that has expired. Default: a day. */
  readonly expiresInSeconds?: number;
}

const day = 24 * 3600;

/** A certificate authority made a moment ago, which nobody trusts who is not told to. */
export class TlsAuthority {
  readonly name: string;
  /** PEM of its own certificate: what the other side has to trust, if this is the root. */
  readonly certificate: string;
  readonly #keys: KeyPairKeyObjectResult = newKeys();
  /** PEM of the certificates between this authority's own ones and the root. */
  readonly #chain: string;

  /** @param above the authority that vouches for this one. Default: none, it is a root */
  constructor(name: string, above?: TlsAuthority) {
    this.name = name;
    const issuer = above ?? this;
    this.certificate = issuer.#certify(name, this.#keys, "authority", {});
    this.#chain = above === undefined ? "" : this.certificate + above.#chain;
  }

  /**
   * A certificate for a server. Clients check that one of its names is the one they dialled.
   *
   * @param options.names default `localhost` and `127.0.0.1`
   */
  server(options: CertificateOptions = {}): TlsCertificate {
    const { names = ["localhost", "127.0.0.1"] } = options;
    return this.#issue(names[0] ?? "server", "server", { ...options, names });
  }

  /** A certificate for a client; its name is the common name. */
  client(name: string, options: CertificateOptions = {}): TlsCertificate {
    return this.#issue(name, "client", options);
  }

  /** An authority below this one. What it issues carries its certificate along. */
  intermediate(name: string): TlsAuthority {
    return new TlsAuthority(name, this);
  }

  #issue(
    name: string,
    use: CertificateUse,
    options: CertificateOptions,
  ): TlsCertificate {
    const keys = newKeys();
    return {
      certificate: this.#certify(name, keys, use, options) + this.#chain,
      key: keys.privateKey.export({ format: "pem", type: "pkcs8" }) as string,
    };
  }

  #certify(
    subject: string,
    { publicKey }: KeyPairKeyObjectResult,
    use: CertificateUse,
    { names = [], expiresInSeconds = day }: CertificateOptions,
  ): string {
    const end = Date.now() + expiresInSeconds * 1000;
    return certificatePem({
      subject,
      publicKey,
      issuer: this.name,
      issuerKeys: this.#keys,
      use,
      names,
      // An expired certificate was valid once.
      notBefore: new Date(Math.min(Date.now(), end) - day * 1000),
      notAfter: new Date(end),
    });
  }
}

/** Makes a root authority. */
export function makeTlsAuthority(name = "Testkit root"): TlsAuthority {
  return new TlsAuthority(name);
}

function newKeys(): KeyPairKeyObjectResult {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}
