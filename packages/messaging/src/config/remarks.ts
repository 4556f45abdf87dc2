import { messagingErrors } from "../errors/messaging-errors.js";
import { nearestKey } from "./hint.js";
import { configKeys, isConfigKey } from "./keys.js";
import type { ConfigLayer } from "./settings.js";

/** Something in a config that is ignored, and is told. */
export interface ConfigRemark {
  readonly code: "MESSAGING_CONFIG_UNKNOWN" | "MESSAGING_CONFIG_UNUSED";
  readonly key: string;
  readonly message: string;
}

/** Longest part of an unknown key that is shown. */
const longestKey = 64;

/** Keys of a layer that have no effect, each with what to say about it. */
export function remarks(
  layer: Omit<ConfigLayer, "refer">,
  direction: "handler" | "consumer" | "provider",
): ConfigRemark[] {
  const found: ConfigRemark[] = [];
  for (const key of [...Object.keys(layer.config), ...layer.exposed.keys()]) {
    if (!isConfigKey(key)) found.push(unknown(layer.place, key));
    else {
      const { side } = configKeys[key];
      if (direction !== "provider" && side !== "both" && side !== direction)
        found.push(unused(layer.place, key, direction));
    }
  }
  return found;
}

/** Secrets that have no effect, each with what to say about it. */
export function secretRemarks(
  place: string,
  secrets: ReadonlyMap<string, unknown>,
): ConfigRemark[] {
  const found: ConfigRemark[] = [];
  for (const key of secrets.keys()) {
    if (!isConfigKey(key)) found.push(unknown(place, key));
    else if (!configKeys[key].sensitive && key !== "user")
      found.push({
        code: "MESSAGING_CONFIG_UNUSED",
        key,
        message: `The key \`${key}\` of the ${place} has no effect: it is read from config only. Move it to config, or remove it.`,
      });
  }
  return found;
}

function unknown(place: string, key: string): ConfigRemark {
  const nearest = nearestKey(key);
  const hint =
    nearest === undefined
      ? `. ${messagingErrors.MESSAGING_CONFIG_UNKNOWN.next}`
      : `. Did you mean \`${nearest}\`?`;
  const shown = key.slice(0, longestKey).replace(/[^\x20-\x7e]/g, "?");
  return {
    code: "MESSAGING_CONFIG_UNKNOWN",
    key: shown,
    message: `The key \`${shown}\` of the ${place} is unknown and has no effect${hint}`,
  };
}

function unused(place: string, key: string, direction: string): ConfigRemark {
  return {
    code: "MESSAGING_CONFIG_UNUSED",
    key,
    message: `The key \`${key}\` of the ${place} has no effect on a ${direction} link. ${messagingErrors.MESSAGING_CONFIG_UNUSED.next}`,
  };
}
