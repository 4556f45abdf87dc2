import { fail } from "../errors/wrpc-errors.js";
import type { Codec } from "./codec/codec.js";
import { codecOf } from "./codec/compile.js";
import { Writer } from "./codec/writer.js";
import type { Type } from "./type.js";

// Taken away while in use: a getter of the value may encode something itself.
let spare: Writer | undefined;

/**
 * The bytes of a value.
 *
 * @throws WrpcError `WRPC_VALUE_INVALID` with the path of what does not fit
 * @throws WrpcError `WRPC_TYPE_UNSUPPORTED`
 */
export function encode<T>(type: Type<T>, value: T): Uint8Array {
  return Uint8Array.from(encodeWith(codecOf(type), value, "", "value"));
}

/**
 * As {@link encode}, without the copy: the bytes lie in a slab with others, are never overwritten,
 * and keep the slab (64 KiB) in memory.
 *
 * @param func begins the message of a fault; a function's name, or empty
 * @param root begins the path in a fault
 */
export function encodeWith(
  codec: Codec,
  value: unknown,
  func: string,
  root: string,
): Uint8Array {
  const writer = spare ?? new Writer();
  spare = undefined;
  writer.begin();
  let fits = false;
  try {
    fits = codec.encode(writer, value);
    if (fits) return writer.finish();
    throw fail(
      "WRPC_VALUE_INVALID",
      `${placeOf(func, root)}${writer.path()}: ${writer.problem}.`,
    );
  } finally {
    if (!fits) writer.discard();
    spare = writer;
  }
}

/** How messages name the value that they are about. */
export function placeOf(func: string, root: string): string {
  return func === "" ? root : `${func} ${root}`;
}
