import type { Credential } from "../credentials/credential.js";

/** Gives what is valid now, again and again; may say by itself that there is something else. */
export interface Source<T> {
  /**
   * What is valid now. The signal is aborted when nobody waits for it any more.
   *
   * @throws why there is none; what is in use is kept then, as long as it may be presented
   */
  read(signal: AbortSignal): Promise<T> | T;
  /**
   * Calls `changed` whenever there may be another one, which is then read at once.
   *
   * @returns what ends that
   */
  watch?(changed: () => void): () => void;
}

/** Gives the credential that is valid now. */
export type CredentialSource = Source<Credential>;

/** {@link CredentialSource.read} alone is a source, too. */
export type CredentialReader = CredentialSource["read"];

/**
 * What a credential may be given as: itself, what reads it, a source, or a reference to where it lies
 * (`file:///run/secrets/nats.creds`).
 */
export type Credentials =
  Credential | CredentialReader | CredentialSource | string;
