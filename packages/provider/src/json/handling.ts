/**
 * What the parser does with the JSON value at one place:
 *
 * - `value`: an ordinary JavaScript value;
 * - `secret`: strings and arrays of integers 0–255 become a `Secret` and are never a JavaScript
 *   string; holds for everything below, unless a child says otherwise;
 * - `bytes`: an array of integers 0–255 becomes a `Uint8Array`;
 * - `skip`: checked and dropped.
 */
export interface Handling {
  readonly as: "value" | "secret" | "bytes" | "skip";
  /** Handling of the property `key` of an object; absent = as this place. */
  child?(key: string): Handling;
  /** Handling of each element of an array; absent = as this place. */
  readonly item?: Handling;
}

export const asValue: Handling = { as: "value" };
export const asSecret: Handling = { as: "secret" };
export const asBytes: Handling = { as: "bytes" };
export const asSkipped: Handling = { as: "skip" };

/** An object of which only the listed properties are kept. */
export function onlyFields(
  fields: Readonly<Record<string, Handling>>,
): Handling {
  const known = new Map(Object.entries(fields));
  return { as: "value", child: (key) => known.get(key) ?? asSkipped };
}

/** An array whose elements are handled alike. */
export function listOf(item: Handling): Handling {
  return { as: "value", item };
}

/**
 * A config map in which the values of `sensitiveKeys` are secrets. Letter case is ignored, so that
 * a key in the wrong case, which will be refused later, does not turn its secret into a string.
 */
export function configMap(sensitiveKeys: readonly string[]): Handling {
  const sensitive = new Set(sensitiveKeys.map((key) => key.toLowerCase()));
  return {
    as: "value",
    child: (key) => (sensitive.has(key.toLowerCase()) ? asSecret : asValue),
  };
}

/** A wasmCloud secret map: name → `{"kind":"String"|"Bytes","value":…}`. */
export const secretMap: Handling = {
  as: "secret",
  child: () => secretValue,
};

const secretValue: Handling = {
  as: "secret",
  child: (key) => (key === "kind" ? asValue : asSecret),
};
