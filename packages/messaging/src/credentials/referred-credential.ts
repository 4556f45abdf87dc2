import {
  credentialsFrom,
  parseReference,
  PlaintextGuard,
  type Credential,
  type CredentialOrigin,
  type CredentialSource,
  type CredentialsPolicy,
} from "@keyturn/nats";

import { lookUp, type ConfigLayers } from "../config/settings.js";
import { inContext } from "../errors/in-context.js";
import { fail } from "../errors/messaging-errors.js";
import { publishEvent } from "../events/messaging-events.js";

/** The credential that lies where a reference points, whichever that is at the time. */
export class ReferredCredential implements CredentialSource {
  readonly kind = "reference";
  readonly origin: CredentialOrigin;
  /** Nobody knows before it is read. */
  readonly publicKey: undefined;
  /** Equal for what is read from one place by one rule. */
  readonly fingerprint: string;
  readonly #source: CredentialSource;
  readonly #guard: PlaintextGuard;

  /**
   * @param policy what is done if it turns out to lie in plain text, which only a look at it can tell
   * @throws KeyturnError `REFERENCE_INVALID`
   */
  constructor(reference: string, policy: CredentialsPolicy) {
    this.#source = credentialsFrom(reference);
    this.origin = { source: reference, plaintext: false };
    this.fingerprint = `${policy} ${reference}`;
    this.#guard = new PlaintextGuard({
      policy,
      who: "The messaging provider",
      onWarning: ({ message }) =>
        publishEvent({
          type: "plaintext-credential",
          level: "warn",
          code: "MESSAGING_PLAINTEXT_CREDENTIAL",
          message,
        }),
    });
  }

  async read(signal: AbortSignal): Promise<Credential> {
    const credential = await this.#source.read(signal);
    this.#guard.check(credential.origin);
    this.#guard.used(credential.origin);
    return credential;
  }

  watch(changed: () => void): () => void {
    return this.#source.watch?.(changed) ?? (() => undefined);
  }

  /** What it reads belongs to the connection that reads it. */
  wipe(): void {}
}

/** What a link signs in with. */
export type LinkCredential = Credential | ReferredCredential;

/** A reference, and the place it is from. */
export interface FoundReference {
  readonly credential: ReferredCredential;
  readonly place: string;
}

/**
 * The credential that the strongest reference in config names; undefined if there is none.
 *
 * @param layers weakest first; the first is the provider's own
 * @throws KeyturnError `MESSAGING_REFERENCE_REFUSED`, `REFERENCE_INVALID`
 */
export function findReference(
  layers: ConfigLayers,
  policy: CredentialsPolicy,
): FoundReference | undefined {
  const found = lookUp(layers, "credentials");
  const text = found?.value.trim() ?? "";
  if (found === undefined || text === "") return undefined;
  const { place } = found;
  const credential = inContext(
    `\`credentials\` of the ${place}`,
    () => new ReferredCredential(text, policy),
  );
  if (place !== layers[0]?.place) refuseForeign(text, layers, place);
  return { credential, place };
}

/** Who may write links may not thereby run programs here, or read what others have. */
function refuseForeign(
  text: string,
  layers: ConfigLayers,
  place: string,
): void {
  const allowed = lookUp(layers.slice(0, 1), "link_references");
  const beginnings = (allowed?.value ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const fits = beginnings.filter((beginning) => text.startsWith(beginning));
  const refuse = (why: string): never => {
    throw fail(
      "MESSAGING_REFERENCE_REFUSED",
      `\`credentials\` of the ${place} ${why}.`,
    );
  };
  if (allowed !== undefined && fits.length === 0)
    refuse(
      `begins with none of what \`link_references\` of the ${allowed.place} lets links use`,
    );
  if (allowed === undefined && text.startsWith("exec:"))
    refuse("names a program to be run, which links may not");
  for (const [name, value] of parseReference(text).parameters)
    if (
      steering.test(name) &&
      !fits.some((beginning) => parametersOf(beginning).get(name) === value)
    )
      refuse(
        `says with \`${name}\` which server is asked, or what of this machine it is shown, which links may not`,
      );
}

/**
 * Parameters that say who is asked, and with what: a link could have a token of this machine sent to a
 * server of its own.
 */
const steering = /^(address|endpoint|servers|credentials|profile|.+-file)$/;

function parametersOf(beginning: string): ReadonlyMap<string, string> {
  return beginning.includes("?")
    ? parseReference(beginning).parameters
    : new Map();
}
