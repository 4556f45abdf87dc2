import type { HALT, Reader } from "./reader.js";
import type { Writer } from "./writer.js";

/** A compiled type. */
export interface Codec {
  /** Fewest bytes that a value takes. */
  readonly minBytes: number;
  /** Whether `undefined` is one of the values (decides the form of an option around it). */
  readonly nullable: boolean;
  /** Writes a value; false after `writer.fault` if it does not fit the type. */
  readonly encode: (writer: Writer, value: unknown) => boolean;
  /** Reads a value, or `HALT` for want of bytes or after a fault. */
  readonly decode: (reader: Reader) => unknown;
}

/** Names the type of a JavaScript value in a fault, without its content. */
export function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "undefined";
  if (Array.isArray(value)) return "an array";
  if (value instanceof Uint8Array) return "a Uint8Array";
  const kind = typeof value;
  return kind === "object" ? "an object" : `a ${kind}`;
}

export type { HALT };
