import { Credential } from "../credentials/credential.js";
import { credentialsFrom } from "../stores/registry.js";
import type { Credentials, CredentialSource } from "./credential-source.js";

/** Whatever credentials are given as, as a source. @throws KeyturnError `REFERENCE_INVALID` */
export function asSource(credentials: Credentials): CredentialSource {
  if (credentials instanceof Credential) return { read: () => credentials };
  if (typeof credentials === "string") return credentialsFrom(credentials);
  return typeof credentials === "function"
    ? { read: credentials }
    : credentials;
}
