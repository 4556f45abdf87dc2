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

/**
 * What links refer to is read with the rights of this process, and shown to servers that the link names:
 * they reach what the provider's own config has opened to them, and nothing else.
 */
function refuseForeign(
  text: string,
  layers: ConfigLayers,
  place: string,
): void {
  const allowed = lookUp(layers.slice(0, 1), "link_references");
  const fits = (allowed?.value ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((beginning) => isWithin(text, beginning));
  const refuse = (why: string): never => {
    throw fail(
      "MESSAGING_REFERENCE_REFUSED",
      `\`credentials\` of the ${place} ${why}.`,
      {
        next: `Put it into secrets of the link, or let links use it: \`link_references=${text.replaceAll(",", "%2C")}\` in the ${layers[0]?.place ?? "provider config"}.`,
      },
    );
  };
  if (fits.length === 0)
    refuse(
      "refers to what links may not use: it begins with none of `link_references`",
    );
  const { scheme, parameters } = parseReference(text);
  const isFree = scheme === "file" ? freeInFolder : free;
  for (const [name, value] of parameters)
    if (
      !isFree.test(name) &&
      !fits.some((beginning) => parametersOf(beginning).get(name) === value)
    )
      refuse(
        `has the parameter \`${name}\`, and \`link_references\` has none with this value`,
      );
}

/** Whether a reference is a beginning, or goes on after it with another name: `/shop` is not in `/sho`. */
function isWithin(reference: string, listed: string): boolean {
  // Where references are listed, commas have to be written so.
  const [text, beginning] = [reference, listed].map((part) =>
    part.replaceAll(/%2c/gi, ","),
  ) as [string, string];
  if (beginning === "" || !text.startsWith(beginning)) return false;
  const next = text[beginning.length] ?? "";
  return /[:/]$/.test(beginning) || ["", "/", "?", "&"].includes(next);
}

/** Parameters that change nothing about who is asked, as whom, and for what. */
const free = /^(field|version|stage|poll|deadline)$/;
/** Files below the folder that is named. */
const freeInFolder = /^(jwt|seed|poll)$/;

function parametersOf(beginning: string): ReadonlyMap<string, string> {
  return beginning.includes("?")
    ? parseReference(beginning).parameters
    : new Map();
}
