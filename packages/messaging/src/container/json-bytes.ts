import { isUtf8 } from "node:buffer";

import { Secret } from "@keyturn/nats";
import { jsonByteArray, jsonString } from "@keyturn/nats/json";

/** What can be written: JSON with secrets in it. */
export type JsonWithSecrets =
  | string
  | number
  | boolean
  | null
  | Secret
  | readonly JsonWithSecrets[]
  | { readonly [name: string]: JsonWithSecrets };

/**
 * JSON as bytes, which the caller wipes. A secret goes as a text if it is UTF-8, else as an array of
 * integers; it is never a JavaScript string.
 */
export function jsonBytes(value: JsonWithSecrets): Uint8Array {
  const pieces = [...piecesOf(value)];
  const bytes = Buffer.concat(pieces);
  for (const piece of pieces) piece.fill(0);
  return bytes;
}

function* piecesOf(value: JsonWithSecrets): Generator<Uint8Array> {
  if (value instanceof Secret) {
    yield value.use((bytes) =>
      isUtf8(bytes) ? jsonString(bytes) : jsonByteArray(bytes),
    );
  } else if (Array.isArray(value)) {
    yield Buffer.from("[");
    for (const [i, item] of value.entries()) {
      if (i > 0) yield Buffer.from(",");
      yield* piecesOf(item as JsonWithSecrets);
    }
    yield Buffer.from("]");
  } else if (typeof value === "object" && value !== null) {
    yield Buffer.from("{");
    for (const [i, [name, item]] of Object.entries(value).entries()) {
      yield Buffer.from(`${i > 0 ? "," : ""}${JSON.stringify(name)}:`);
      yield* piecesOf(item);
    }
    yield Buffer.from("}");
  } else yield Buffer.from(JSON.stringify(value));
}
