import { isUtf8 } from "node:buffer";

import { trimmed } from "../credentials/text.js";
import { fail } from "../errors/nats-errors.js";
import {
  asSkipped,
  JsonError,
  parseJson,
  type Handling,
  type JsonObject,
} from "../json/index.js";
import { Secret } from "../secret/secret.js";
import { fieldsToMaterial, type Material } from "./material.js";

/** No credential is longer: a JWT is bounded by the servers' control line. */
export const longestValue = 64 * 1024;

/** An object whose strings are secrets, whatever they are called; what is nested deeper is dropped. */
export const secretFields: Handling = {
  as: "value",
  child: () => ({ as: "secret", child: () => asSkipped, item: asSkipped }),
};

/**
 * The credential in one value, as a store has it: the text of a `.creds` file, a JSON object of fields
 * (see {@link fieldsToMaterial}), or an nkey's seed alone. Takes the value over: it is wiped, unless it
 * is the result.
 *
 * @param where for messages: the reference
 * @throws KeyturnError `STORE_VALUE_INVALID`, `CREDENTIAL_HALF_PAIR`, `CREDENTIAL_NOT_TEXT`
 */
export function valueToMaterial(value: Secret, where: string): Material {
  let kept = false;
  try {
    const kind = value.use((bytes) => kindOf(bytes, where));
    if (kind === "fields")
      return fieldsToMaterial(readFields(value, where), where);
    kept = true;
    return kind === "creds" ? { creds: value } : { nkeySeed: value };
  } finally {
    if (!kept) value.wipe();
  }
}

function kindOf(bytes: Uint8Array, where: string): "creds" | "fields" | "seed" {
  const text = trimmed(bytes);
  if (text.length === 0) throw invalid(where, "it is empty");
  if (text.length > longestValue)
    throw invalid(
      where,
      `it has ${bytes.length} bytes, more than ${longestValue}`,
    );
  if (!isUtf8(text)) throw invalid(where, "it is not text");
  if (text[0] === 0x7b) return "fields";
  if (
    Buffer.from(text.buffer, text.byteOffset, text.length).includes(
      "-----BEGIN ",
    )
  )
    return "creds";
  if (text.length === 58 && text[0] === 0x53) return "seed";
  throw invalid(
    where,
    "it is neither the text of a `.creds` file, nor a JSON object with fields such as `jwt` and `seed`, nor a seed",
  );
}

function readFields(value: Secret, where: string): ReadonlyMap<string, Secret> {
  try {
    const object = value.use((bytes) =>
      parseJson(trimmed(bytes), secretFields),
    );
    return secretsIn(object as JsonObject);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw invalid(where, `it begins as JSON, but ${error.message}`);
  }
}

/** The strings of an object that was parsed as {@link secretFields}. */
export function secretsIn(object: JsonObject): ReadonlyMap<string, Secret> {
  const fields = new Map<string, Secret>();
  for (const [name, field] of Object.entries(object))
    if (field instanceof Secret) fields.set(name, field);
  return fields;
}

function invalid(where: string, why: string): Error {
  return fail(
    "STORE_VALUE_INVALID",
    `What ${where} has is no credential: ${why}.`,
  );
}
