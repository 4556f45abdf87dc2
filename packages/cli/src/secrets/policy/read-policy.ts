import { nearest, type NkeyKind } from "@keyturn/nats";
import {
  Fields,
  JsonError,
  parseJson,
  type PathStep,
} from "@keyturn/nats/json";

import { isPublicKey, publicKeyFault } from "../keys/public-key.js";
import { isKeyPattern, patternTest } from "./key-pattern.js";
import { operations, Policy, type Operation, type Rule } from "./policy.js";

/**
 * Reads a policy from JSON. Strict: what is not known is refused, with its path.
 *
 * @throws JsonError
 */
export function readPolicy(json: Uint8Array): Policy {
  const fields = new Fields(parseJson(json));
  onlyKnown(fields, ["issuers", "hosts", "rules", "operations"]);
  const issuers = keys(fields, "issuers", ["account"]);
  if (issuers.length === 0)
    throw fields.problem(
      "issuers",
      "must name at least one account (A…): whoever signs components and providers",
    );
  const hosts = isWord(fields, "hosts", "any")
    ? "any"
    : keys(fields, "hosts", ["server"]);
  if (hosts.length === 0)
    throw fields.problem(
      "hosts",
      'must be "any", or a list of public keys of hosts (N…)',
    );
  return new Policy({
    issuers,
    hosts,
    rules: rulesOf(fields),
    operations: operationsOf(fields),
  });
}

function rulesOf(fields: Fields): Rule[] {
  const seen = new Set<string>();
  return fields.list("rules").map((item, index) => {
    const path: readonly PathStep[] = ["rules", index];
    const rule = new Fields(item, path);
    onlyKnown(rule, ["name", "entities", "keys"]);
    const name = rule.text("name", `rules[${index}]`);
    if (seen.has(name))
      throw rule.problem("name", "is the name of another rule, too");
    seen.add(name);
    const entities = isWord(rule, "entities", "mapped")
      ? "mapped"
      : new Set(keys(rule, "entities", ["module", "service"]));
    if (entities !== "mapped" && entities.size === 0)
      throw rule.problem(
        "entities",
        'must be "mapped", or a list of public keys of components (M…) and providers (V…)',
      );
    return { name, entities, matches: matcherOf(rule) };
  });
}

function matcherOf(rule: Fields): (key: string) => boolean {
  const patterns = rule.texts("keys");
  if (patterns.length === 0)
    throw rule.problem("keys", "must be a list of keys or patterns");
  const bad = patterns.findIndex((pattern) => !isKeyPattern(pattern));
  if (bad !== -1)
    throw rule.problem(
      `keys`,
      `has at place ${bad} what can be no key: letters, digits and - / _ = . make one, * and ** a pattern`,
    );
  const tests = patterns.map(patternTest);
  return (key) => tests.some((matches) => matches(key));
}

function operationsOf(fields: Fields): Operation[] {
  return fields.texts("operations").map((name) => {
    const known = operations.find((operation) => operation === name);
    if (known !== undefined) return known;
    throw fields.problem(
      "operations",
      `may have ${operations.map((one) => `"${one}"`).join(", ")} and nothing else`,
    );
  });
}

/** A list of public keys of some kinds. */
function keys(
  fields: Fields,
  name: string,
  kinds: readonly NkeyKind[],
): string[] {
  return fields.texts(name).map((text, index) => {
    if (isPublicKey(text, ...kinds)) return text;
    throw fields.problem(
      name,
      `has at place ${index} no public key of ${kinds.map((kind) => words[kind]).join(" or ")}: ${publicKeyFault(text) ?? "it is of another kind"}`,
    );
  });
}

const words: Readonly<Partial<Record<NkeyKind, string>>> = {
  account: "an account (A…)",
  server: "a host (N…)",
  module: "a component (M…)",
  service: "a provider (V…)",
};

function isWord(fields: Fields, name: string, word: string): boolean {
  try {
    return fields.text(name, "") === word;
  } catch (error) {
    if (error instanceof JsonError) return false;
    throw error;
  }
}

function onlyKnown(fields: Fields, known: readonly string[]): void {
  for (const name of fields.names()) {
    if (known.includes(name)) continue;
    const meant = nearest(name, known);
    throw fields.problem(
      name,
      `is not known${meant === undefined ? "" : `; did you mean \`${meant}\`?`}`,
    );
  }
}
