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
