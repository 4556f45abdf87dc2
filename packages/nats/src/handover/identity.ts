import type { Credential } from "../credentials/credential.js";
import type { ClientTls } from "../tls/client-tls.js";

/** What a connection shows of itself: to sign in with, and in TLS. */
export interface Identity {
  readonly credential: Credential;
  /** Undefined: nothing of our own, and Node's authorities are trusted. */
  readonly tls: ClientTls | undefined;
}
