import { Credential } from "../credentials/credential.js";

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

/** What a credential may be given as: itself, what reads it, or a source. */
export type Credentials = Credential | CredentialReader | CredentialSource;

/** Whatever credentials are given as, as a source. */
export function asSource(credentials: Credentials): CredentialSource {
  if (credentials instanceof Credential) return { read: () => credentials };
  return typeof credentials === "function"
    ? { read: credentials }
    : credentials;
}
