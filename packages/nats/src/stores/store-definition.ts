import type { CredentialSource, Source } from "../sources/credential-source.js";
import { credentialFrom, type Maker } from "./material.js";
import type { Reference } from "./reference.js";

/** One kind of store: what references to it look like, and how they are opened. */
export interface StoreDefinition {
  /** Right forms, the commonest first: `file:///run/secrets/nats.creds`. For errors and docs. */
  readonly forms: readonly string[];
  /** Names of the parameters it knows; others are refused. */
  readonly parameters: readonly string[];
  /** Whether what lies there lies in plain text. Default false. */
  readonly plaintext?: boolean;
  /**
   * A source for one reference, whose parameters are known ones. It reads nothing yet.
   *
   * @throws KeyturnError `REFERENCE_INVALID`
   */
  open(reference: Reference): CredentialSource | Promise<CredentialSource>;
  /** As {@link open}, where something else than a credential may lie as well, such as a key. */
  readonly openAs?: <T>(reference: Reference, make: Maker<T>) => Source<T>;
}

/** A store whose values may be made into anything. */
export function openStore(
  store: Omit<StoreDefinition, "open"> &
    Required<Pick<StoreDefinition, "openAs">>,
): StoreDefinition {
  return {
    ...store,
    open: (reference) => store.openAs(reference, credentialFrom),
  };
}

/** Loads what a scheme needs, the first time that it is used. */
export type StoreLoader = () => Promise<StoreDefinition> | StoreDefinition;
