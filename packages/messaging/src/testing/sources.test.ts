// What the tests of bad input share: config and secrets as a host hands them over, without a host.
import assert from "node:assert/strict";
import { inspect } from "node:util";

import { isKeyturnError, Secret } from "@keyturn/nats";
import type { Settings } from "@keyturn/provider";

import { isConfigKey, configKeys } from "../config/keys.js";
import { planLink, type LinkPlan } from "../links/plan-link.js";

/** Values by key; secrets may be bytes. */
export type Values = Readonly<Record<string, string | Uint8Array>>;

/** Config and secrets of a link and its provider. */
export interface Given {
  readonly linkConfig?: Values;
  readonly linkSecrets?: Values;
  readonly providerConfig?: Values;
  readonly providerSecrets?: Values;
  /** Which end the provider is. Default `source`: it delivers. */
  readonly direction?: "source" | "target";
}

/** A config map as the SDK reads it: sensitive keys, in any letter case, set apart. */
export function settingsOf(values: Values = {}): Settings {
  const config: Record<string, string> = {};
  const exposed = new Map<string, Secret>();
  for (const [key, value] of Object.entries(values)) {
    const lower = key.toLowerCase();
    if (isConfigKey(lower) && configKeys[lower].sensitive)
      exposed.set(key, secretOf(value));
    else config[key] = String(value);
  }
  return { config, exposed };
}

export function secretsOf(values: Values = {}): Map<string, Secret> {
  return new Map(
    Object.entries(values).map(([key, value]) => [key, secretOf(value)]),
  );
}

function secretOf(value: string | Uint8Array): Secret {
  return typeof value === "string"
    ? Secret.fromText(value)
    : Secret.fromBytes(Uint8Array.from(value));
}

/** The plan of a link. */
export function planOf(given: Given): LinkPlan {
  return planLink(providerOf(given), {
    direction: given.direction ?? "source",
    ...settingsOf(given.linkConfig),
    secrets: secretsOf(given.linkSecrets),
  });
}

/** What the provider's own config and secrets come to, without any link. */
export function providerPlanOf(given: Given): LinkPlan {
  return planLink(providerOf(given), undefined);
}

function providerOf({ providerConfig, providerSecrets }: Given) {
  return {
    ...settingsOf(providerConfig),
    secrets: secretsOf(providerSecrets),
  };
}

/** Asserts that an action is refused with this code and exactly this message. */
export function refuses(
  action: () => unknown,
  code: string,
  message: string,
): void {
  assert.throws(action, (error) => {
    assert.ok(isKeyturnError(error), inspect(error));
    assert.equal(error.message, message);
    assert.equal(error.code, code);
    return true;
  });
}
