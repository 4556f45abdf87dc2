import { Credential } from "../credentials/credential.js";
import { fail } from "../errors/nats-errors.js";
import type { KeptSource } from "../keeper/keeper.js";
import { credentialsFrom } from "../stores/registry.js";
import type { Credentials, CredentialSource } from "./credential-source.js";

/**
 * Whatever credentials are given as, as a source that gives nothing else.
 *
 * @throws KeyturnError `REFERENCE_INVALID`
 */
export function asSource(credentials: Credentials): KeptSource<Credential> {
  if (credentials instanceof Credential)
    return { isFixed: true, read: () => credentials };
  const source = sourceOf(credentials);
  return {
    read: async (signal) => assertCredential(await source.read(signal)),
    ...(source.watch !== undefined && {
      watch: (changed) => source.watch?.(changed) ?? (() => undefined),
    }),
  };
}

function sourceOf(
  credentials: Exclude<Credentials, Credential>,
): CredentialSource {
  if (typeof credentials === "string") return credentialsFrom(credentials);
  return typeof credentials === "function"
    ? { read: credentials }
    : credentials;
}

function assertCredential(given: unknown): Credential {
  if (given instanceof Credential) return given;
  throw fail(
    "CREDENTIAL_SOURCE_BROKEN",
    `The credential source gave something that is no credential (${given === null ? "null" : typeof given}).`,
    { next: "Let it give what `credsCredential` and its like make." },
  );
}
