import type { TlsSettings } from "@keyturn/nats";

import type { LinkCredential } from "../credentials/referred-credential.js";

/** What a connection to NATS is made with. */
export interface ConnectionSpec {
  /** `host:port` */
  readonly servers: readonly string[];
  /** Undefined: TLS if the server demands it, with the CAs of Node.js. */
  readonly tls: TlsSettings | undefined;
  readonly inboxPrefix: string;
  readonly pingIntervalMs: number;
  readonly credential: LinkCredential;
  /** Equal for specs that differ in nothing but the credential. */
  readonly key: string;
}

/** Whether two specs ask for one and the same connection. */
export function sameConnection(a: ConnectionSpec, b: ConnectionSpec): boolean {
  return (
    a.key === b.key && a.credential.fingerprint === b.credential.fingerprint
  );
}
