import type { CredentialOrigin } from "../../credentials/credential.js";
import { fail } from "../../errors/nats-errors.js";
import { Secret } from "../../secret/secret.js";
import { badReference, flagOf } from "../bad-reference.js";
import {
  fieldNames,
  fieldsToMaterial,
  type Maker,
  type Material,
} from "../material.js";
import type { Reference } from "../reference.js";
import { openStore, type StoreDefinition } from "../store-definition.js";
import { valueToMaterial } from "../value.js";

/** What the one variable is called that has all of a credential. */
const whole = "whole";

/** What was made of variables that are no longer there: by what made it, and by reference. */
const removed = new WeakMap<object, Map<string, unknown>>();

/**
 * `env:` a variable with a whole credential (a `.creds` text, or JSON with its fields), or a variable for each field of a credential. Plain
 * text, unless it is said that something gives it only to this process (`secret=true`).
 */
export const envStore: StoreDefinition = openStore({
  forms: [
    "env:NATS_CREDS",
    "env:?jwt=NATS_JWT&seed=NATS_SEED",
    "env:?user=NATS_USER&password=NATS_PASSWORD",
  ],
  parameters: [...fieldNames, "secret", "remove"],
  plaintext: true,
  openAs<T>(reference: Reference, make: Maker<T>) {
    const names = variables(reference);
    const flag = (name: string): boolean =>
      flagOf("env", name, reference.parameters.get(name));
    const isRemoved = flag("remove");
    const origin: CredentialOrigin = {
      source: reference.text,
      plaintext: !flag("secret"),
    };
    const kept = (removed.get(make) ?? new Map()) as Map<string, T>;
    removed.set(make, kept);
    return {
      read: (): T => {
        const isThere = [...names.values()].some(
          (name) => process.env[name] !== undefined,
        );
        const before = kept.get(reference.text);
        if (before !== undefined && !isThere) return before;
        const made = make(readVariables(names, origin), origin);
        if (isRemoved) {
          for (const name of names.values()) delete process.env[name];
          kept.set(reference.text, made);
        }
        return made;
      },
    };
  },
});

/** Names of the variables, by field. */
function variables(reference: Reference): ReadonlyMap<string, string> {
  const { authority, path, parameters } = reference;
  const names = new Map(
    [...parameters].filter(([name]) => fieldNames.includes(name)),
  );
  if (path !== "" && names.size > 0)
    throw badReference(
      "env",
      "it names a variable before `?`, and others behind it",
      "Write `env:NATS_CREDS`, or `env:?jwt=NATS_JWT&seed=NATS_SEED`.",
    );
  if (path !== "") names.set(whole, path);
  if (authority !== "" || names.size === 0)
    throw badReference(
      "env",
      "it names no variable",
      "Write `env:NATS_CREDS`, without `//`.",
    );
  for (const name of names.values())
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw badReference(
        "env",
        "one of its names is no name of a variable",
        "Write letters, digits and `_`: `env:NATS_CREDS`.",
      );
  return names;
}

function readVariables(
  names: ReadonlyMap<string, string>,
  origin: CredentialOrigin,
): Material {
  const fields = new Map<string, Secret>();
  for (const [field, name] of names) {
    // An empty variable is how templates leave one out.
    const text = process.env[name] ?? "";
    if (text !== "") fields.set(field, Secret.fromText(text));
  }
  if (fields.size === 0)
    throw fail(
      "STORE_ABSENT",
      `For ${origin.source} no variable is set: ${[...names.values()].map((name) => `\`${name}\``).join(", ")}.`,
      { next: "Set it before this process starts, or correct the reference." },
    );
  const value = fields.get(whole);
  return value === undefined
    ? fieldsToMaterial(fields, origin.source)
    : valueToMaterial(value, origin.source);
}
