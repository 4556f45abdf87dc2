import { Secret } from "../secret/secret.js";

import { JsonError, showPath, type PathStep } from "./json-error.js";
import type { JsonObject, JsonValue } from "./parse-json.js";

/**
 * Typed reading of a parsed object. Every refusal names the path and the two types and never a
 * value. `null` counts as absent, as some writers spell absence so.
 */
export class Fields {
  readonly #object: JsonObject;
  readonly #path: readonly PathStep[];

  constructor(value: JsonValue, path: readonly PathStep[] = []) {
    if (kindOf(value) !== "an object") throw wrong(path, "an object", value);
    this.#object = value as JsonObject;
    this.#path = path;
  }

  text(name: string, absent: string): string {
    return this.#read(name, absent, "a string", (v) => typeof v === "string");
  }

  textOrAbsent(name: string): string | undefined {
    return this.#read<string | undefined>(
      name,
      undefined,
      "a string",
      (v) => typeof v === "string",
    );
  }

  boolean(name: string, absent: boolean): boolean {
    return this.#read(name, absent, "a boolean", (v) => typeof v === "boolean");
  }

  /** A whole number that is not negative. */
  count(name: string, absent: number): number {
    return this.#read(
      name,
      absent,
      "a whole number",
      (v) => Number.isSafeInteger(v) && (v as number) >= 0,
    );
  }

  secret(name: string, expected = "a string"): Secret | undefined {
    return this.#read(name, undefined, expected, (v) => v instanceof Secret);
  }

  bytes(name: string): Uint8Array | undefined {
    return this.#read(
      name,
      undefined,
      "an array of integers 0 to 255",
      (v) => v instanceof Uint8Array,
    );
  }

  list(name: string): readonly JsonValue[] {
    return this.#read(name, [], "an array", (v) => Array.isArray(v));
  }

  texts(name: string): string[] {
    return this.list(name).map((item, index) => {
      if (typeof item === "string") return item;
      throw wrong([...this.#path, name, index], "a string", item);
    });
  }

  object(name: string): Fields {
    return new Fields(this.#object[name] ?? Object.create(null), [
      ...this.#path,
      name,
    ]);
  }

  /** The object as it was parsed. */
  get raw(): JsonObject {
    return this.#object;
  }

  /** The names of this object's properties. */
  names(): string[] {
    return Object.keys(this.#object);
  }

  /** The string or secret under a name, for maps that mix both. */
  textOrSecret(name: string): string | Secret {
    const value = this.#object[name];
    if (typeof value === "string" || value instanceof Secret) return value;
    throw wrong([...this.#path, name], "a string", value ?? null);
  }

  /** A refusal of the property `name` in the words of the caller. */
  problem(name: string, problem: string): JsonError {
    return new JsonError(`${place([...this.#path, name])} ${problem}`);
  }

  #read<T extends JsonValue | undefined>(
    name: string,
    absent: T,
    expected: string,
    fits: (value: JsonValue) => boolean,
  ): T {
    const value = this.#object[name];
    if (value === undefined || value === null) return absent;
    if (!fits(value)) throw wrong([...this.#path, name], expected, value);
    return value as T;
  }
}

function wrong(
  path: readonly PathStep[],
  expected: string,
  value: JsonValue,
): JsonError {
  const kind = kindOf(value);
  // "must be a whole number, not a number" would read as a riddle.
  const riddle = expected.includes(kind.slice(kind.indexOf(" ") + 1));
  const but = riddle ? "" : `, not ${kind}`;
  return new JsonError(`${place(path)} must be ${expected}${but}`);
}

function place(path: readonly PathStep[]): string {
  return path.length === 0 ? "the whole" : `\`${showPath(path)}\``;
}

function kindOf(value: JsonValue): string {
  if (value === null) return "null";
  if (value instanceof Secret || typeof value === "string") return "a string";
  if (Array.isArray(value) || value instanceof Uint8Array) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
