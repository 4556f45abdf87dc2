import { isKeyturnError, type Secret } from "@keyturn/nats";

import type { ConfigKey } from "../config/keys.js";
import { invalid, type ConfigLayers } from "../config/settings.js";

/** All places that a link's values come from. */
export interface LinkSources {
  readonly linkSecrets: ReadonlyMap<string, Secret>;
  readonly providerSecrets: ReadonlyMap<string, Secret>;
  /** Weakest first: provider config, link config. */
  readonly layers: ConfigLayers;
  /** False for the provider by itself: what is only half there may be whole with a link. */
  readonly complete: boolean;
}

/** One of these places. */
export interface Source {
  /** For people: `link secrets`, `provider config`. */
  readonly name: string;
  /** Whether what is there lies in plain text. */
  readonly plaintext: boolean;
  readonly values: ReadonlyMap<string, Secret>;
  /** The command by which a secret takes the place of a plain value, up to its option. */
  readonly refer: string;
}

/** The places in their order: secrets first, and the link before the provider. */
export function sourcesOf(sources: LinkSources): Source[] {
  return [
    {
      name: "link secrets",
      plaintext: false,
      values: sources.linkSecrets,
      refer: "",
    },
    {
      name: "provider secrets",
      plaintext: false,
      values: sources.providerSecrets,
      refer: "",
    },
    ...sources.layers.toReversed().map((layer) => ({
      name: layer.place,
      plaintext: true,
      values: layer.exposed,
      refer: layer.refer,
    })),
  ];
}

/** A value that may be a secret, and the place it is from. */
export interface Found {
  readonly secret: Secret;
  readonly source: Source;
}

/**
 * A value as text.
 *
 * @throws KeyturnError `MESSAGING_CONFIG_INVALID`
 */
export function textOf({ secret, source }: Found, key: ConfigKey): string {
  try {
    return secret.revealText();
  } catch (error) {
    // Only what is wrong with the bytes: the error quotes none of them, but says nothing useful.
    if (isKeyturnError(error)) throw error;
    throw invalid(source.name, key, "it is not UTF-8 text");
  }
}

/** The first value of a key among the places; undefined if there is none. */
export function findValue(
  sources: LinkSources,
  key: ConfigKey,
): Found | undefined {
  for (const source of sourcesOf(sources)) {
    const secret = source.values.get(key);
    if (secret !== undefined) return { secret, source };
  }
  return undefined;
}
