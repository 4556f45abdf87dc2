import type { Credential } from "../credentials/credential.js";

/** Gives the credential that is valid now, again and again; may say by itself that there is another. */
export interface CredentialSource {
  /**
   * The credential that is valid now. The signal is aborted when nobody waits for it any more.
   *
   * @throws why there is none; the credential in use is kept then, as long as it may be presented
   */
  read(signal: AbortSignal): Promise<Credential> | Credential;
  /**
   * Calls `changed` whenever there may be another credential, which is then read at once.
   *
   * @returns what ends that
   */
  watch?(changed: () => void): () => void;
}

/** {@link CredentialSource.read} alone is a source, too. */
export type CredentialReader = CredentialSource["read"];

/**
 * What a credential may be given as: itself, what reads it, a source, or a reference to where it lies
 * (`file:///run/secrets/nats.creds`).
 */
export type Credentials =
  Credential | CredentialReader | CredentialSource | string;
