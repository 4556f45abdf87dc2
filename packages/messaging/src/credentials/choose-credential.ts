import {
  credsCredential,
  isKeyturnError,
  nkeyCredential,
  noCredential,
  passwordCredential,
  tokenCredential,
  userJwtCredential,
  type Credential,
  type Secret,
  type UrlUser,
} from "@keyturn/nats";

import type { ConfigKey } from "../config/keys.js";
import { lookUp } from "../config/settings.js";
import { withContext } from "../errors/in-context.js";
import { fail } from "../errors/messaging-errors.js";
import { findReference, type LinkCredential } from "./referred-credential.js";
import { secretsHint } from "./secrets-hint.js";
import {
  findValue,
  sourcesOf,
  textOf,
  type LinkSources,
  type Source,
} from "./link-sources.js";

/** Whether credentials in plain config are taken, with a warning, or refused. */
export type CredentialsPolicy = "prefer-secrets" | "require-secrets";

/** A secret that lay in plain text: what to warn of. */
export interface Plaintext {
  /** `link config`, `provider config`. */
  readonly source: string;
  readonly keys: readonly string[];
  /** The keys for people, or what of their values is secret. */
  readonly what: string;
  /** What to type to get them out of it. */
  readonly hint: string;
}

/** User information of the address list, and the place that list is from. */
export interface AddressUser {
  readonly user: UrlUser;
  readonly source: Source;
}

/** The credential of a link, and what the operator has to know about it. */
export interface ChosenCredential {
  readonly credential: LinkCredential;
  /** Set if it lay in plain text. */
  readonly plaintext: Plaintext | undefined;
  /** Whether user information of the address list was left out for it. */
  readonly ignoresAddress: boolean;
}

const kinds: readonly (readonly ConfigKey[])[] = [
  ["client_jwt", "client_seed"],
  ["client_creds"],
  ["nkey_seed"],
  ["password"],
  ["token"],
];

/**
 * Takes the first credential there is: link secrets, provider secrets, what a reference in config names,
 * link config, provider config, the address's user information, none. Never two halves from two places:
 * a source with a part of one is an error, not skipped.
 *
 * @throws KeyturnError `MESSAGING_CREDENTIAL_INCOMPLETE`, `MESSAGING_CREDENTIAL_AMBIGUOUS`,
 *   `MESSAGING_PLAINTEXT_REFUSED`, `MESSAGING_REFERENCE_REFUSED`, and those of the credential itself
 */
export function chooseCredential(
  sources: LinkSources,
  address: AddressUser | undefined,
  policy: CredentialsPolicy,
): ChosenCredential {
  const all = sourcesOf(sources);
  const fromOne = (source: Source): ChosenCredential | undefined => {
    const keys = presentKeys(source);
    if (keys.length === 0) return undefined;
    const plaintext = plaintextOf(source, keys, policy);
    const credential = inStockWords(() =>
      makeCredential(source, keys, sources),
    );
    return { credential, plaintext, ignoresAddress: address !== undefined };
  };
  for (const source of all.filter(({ plaintext }) => !plaintext)) {
    const chosen = fromOne(source);
    if (chosen !== undefined) return chosen;
  }
  const reference = findReference(sources.layers, policy);
  if (reference !== undefined) {
    const { credential, place } = reference;
    const beside = all.find(({ name }) => name === place);
    refuseBeside(beside);
    const ignoresAddress = address !== undefined;
    return { credential, plaintext: undefined, ignoresAddress };
  }
  // An address that is itself a secret comes before plain config.
  if (address?.source.plaintext === false) return fromAddress(address, policy);
  for (const source of all.filter(({ plaintext }) => plaintext)) {
    const chosen = fromOne(source);
    if (chosen !== undefined) return chosen;
  }
  if (address !== undefined) return fromAddress(address, policy);
  refuseUserAlone(sources);
  return {
    credential: noCredential(),
    plaintext: undefined,
    ignoresAddress: false,
  };
}

/** Who has both in one place should say which is meant. */
function refuseBeside(source: Source | undefined): void {
  const keys = source === undefined ? [] : presentKeys(source);
  if (source === undefined || keys.length === 0) return;
  throw ambiguous(source.name, ["credentials", ...keys]);
}

/**
 * What to warn of if a secret is taken from a source.
 *
 * @throws KeyturnError `MESSAGING_PLAINTEXT_REFUSED`
 */
export function plaintextOf(
  source: Source,
  keys: readonly string[],
  policy: CredentialsPolicy,
  what = list(keys),
): Plaintext | undefined {
  if (!source.plaintext) return undefined;
  const hint = secretsHint(keys, source.refer);
  if (policy === "require-secrets")
    throw fail(
      "MESSAGING_PLAINTEXT_REFUSED",
      `${what} of the ${source.name} ${keys.length === 1 ? "is" : "are"} in plain text, and \`credentials_policy\` is \`require-secrets\`.`,
      { next: hint },
    );
  return { source: source.name, keys, what, hint };
}

function presentKeys(source: Source): ConfigKey[] {
  const isPresent = (key: ConfigKey): boolean => {
    const value = source.values.get(key);
    // An empty config value is how people leave a key out of a template.
    return value !== undefined && (value.byteLength > 0 || !source.plaintext);
  };
  const found = kinds.filter((keys) => keys.some(isPresent));
  if (found.length > 1) {
    throw ambiguous(source.name, found.flat().filter(isPresent));
  }
  return (found[0] ?? []).filter(isPresent);
}

function ambiguous(place: string, keys: readonly string[]): Error {
  return fail(
    "MESSAGING_CREDENTIAL_AMBIGUOUS",
    `There are credentials of several kinds in the ${place}: ${list(keys)}.`,
  );
}

function makeCredential(
  source: Source,
  keys: readonly ConfigKey[],
  sources: LinkSources,
): Credential {
  const origin = {
    source: `${source.name} (${list(keys)})`,
    plaintext: source.plaintext,
  };
  const value = (key: ConfigKey): Secret => {
    const secret = source.values.get(key);
    if (secret === undefined || !keys.includes(key))
      throw incomplete(sources, source.name, keys, key);
    return secret;
  };
  switch (keys[0]) {
    case "client_jwt":
    case "client_seed":
      return userJwtCredential({
        jwt: value("client_jwt"),
        seed: value("client_seed"),
        origin,
      });
    case "client_creds":
      return credsCredential(value("client_creds"), origin);
    case "nkey_seed":
      return nkeyCredential({ seed: value("nkey_seed"), origin });
    case "token":
      return tokenCredential({ token: value("token"), origin });
    default: {
      const user = userBeside(source, sources);
      if (user === undefined)
        throw incomplete(sources, source.name, keys, "user");
      return passwordCredential({ user, password: value("password"), origin });
    }
  }
}

/** A user name is no secret: it may stand beside the password or in plain config. */
function userBeside(source: Source, sources: LinkSources): string | undefined {
  const secret = source.values.get("user");
  return secret === undefined
    ? lookUp(sources.layers, "user")?.value
    : textOf({ secret, source }, "user");
}

/** Who names a user does not want to be anonymous. */
function refuseUserAlone(sources: LinkSources): void {
  if (!sources.complete) return;
  const place =
    findValue(sources, "user")?.source.name ?? filledConfig(sources, "user");
  if (place !== undefined)
    throw incomplete(sources, place, ["user"], "password");
}

function filledConfig(
  sources: LinkSources,
  key: ConfigKey,
): string | undefined {
  const found = lookUp(sources.layers, key);
  return found === undefined || found.value === "" ? undefined : found.place;
}

/** The stock provider's words for a bad seed: scripts may look for them. */
function inStockWords<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw isKeyturnError(error) && error.code === "CREDENTIAL_SEED_INVALID"
      ? withContext("failed to parse seed key pair", error)
      : error;
  }
}

/** And those for its two halves of a pair. */
const stockWords: Readonly<Record<string, string>> = {
  client_seed: "if you specify jwt, you must also specify a seed",
  client_jwt: "must provide both jwt and seed for jwt authentication",
};

function incomplete(
  sources: LinkSources,
  place: string,
  keys: readonly string[],
  missing: ConfigKey,
): Error {
  const elsewhere =
    findValue(sources, missing)?.source.name ?? filledConfig(sources, missing);
  const hint =
    elsewhere === undefined || elsewhere === place
      ? ""
      : ` (\`${missing}\` is in the ${elsewhere})`;
  const words = stockWords[missing];
  return fail(
    "MESSAGING_CREDENTIAL_INCOMPLETE",
    `There is ${list(keys)} without \`${missing}\` in the ${place}${hint}${words === undefined ? "" : `: ${words}`}.`,
  );
}

function fromAddress(
  { user, source }: AddressUser,
  policy: CredentialsPolicy,
): ChosenCredential {
  const keys = ["cluster_uris"];
  const what = `the user information in ${list(keys)}`;
  const plaintext = plaintextOf(source, keys, policy, what);
  const origin = {
    source: `${what} of the ${source.name}`,
    plaintext: source.plaintext,
  };
  return {
    credential:
      user.password === undefined
        ? tokenCredential({ token: user.name, origin })
        : passwordCredential({
            user: user.name,
            password: user.password,
            origin,
          }),
    plaintext,
    ignoresAddress: false,
  };
}

function list(keys: readonly string[]): string {
  return keys.map((key) => `\`${key}\``).join(", ");
}
