// As much of ASN.1's distinguished encoding (DER, X.690) as certificates need: each function gives
// the bytes of one value.
import { isIP } from "node:net";

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return value(0x30, ...parts);
}

export function set(...parts: readonly Uint8Array[]): Buffer {
  return value(0x31, ...parts);
}

export function boolean(is: boolean): Buffer {
  return value(0x01, Buffer.of(is ? 0xff : 0));
}

/** A number that is not negative; its bytes, highest first. */
export function integer(bytes: Uint8Array): Buffer {
  const isNegative = ((bytes[0] ?? 0) & 0x80) !== 0;
  return value(0x02, isNegative ? Buffer.of(0) : Buffer.of(), bytes);
}

/** @param unusedBits of the last byte. Default 0 */
export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return value(0x03, Buffer.of(unusedBits), bytes);
}

export function octetString(bytes: Uint8Array): Buffer {
  return value(0x04, bytes);
}

/** An object identifier, for example `2.5.29.17`. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split(".").map(Number);
  return value(
    0x06,
    Buffer.from([first * 40 + second, ...others.flatMap(base128)]),
  );
}

export function utf8String(text: string): Buffer {
  return value(0x0c, Buffer.from(text));
}

/** A time to the second: `UTCTime` up to 2049, as certificates must have it. */
export function time(date: Date): Buffer {
  const text = date.toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return date.getUTCFullYear() < 2050
    ? value(0x17, Buffer.from(text.slice(2)))
    : value(0x18, Buffer.from(text));
}

/** A tagged value of its context that holds other values. */
export function explicit(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  return value(0xa0 | tag, ...parts);
}

/** A tagged value of its context in place of a simple one. */
export function implicit(tag: number, bytes: Uint8Array): Buffer {
  return value(0x80 | tag, bytes);
}

/** The bytes of an IP address: 4 or 16; undefined if it is none. */
export function ipBytes(address: string): Buffer | undefined {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  if (isIP(address) !== 6) return undefined;
  // The URL parser writes out an address of any form in its shortest one, without IPv4 parts.
  const shortest = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = "", tail] = shortest.split("::");
  const words = (text: string): string[] =>
    text === "" ? [] : text.split(":").map((word) => word.padStart(4, "0"));
  const before = words(head);
  const after = words(tail ?? "");
  const gap = tail === undefined ? 0 : 8 - before.length - after.length;
  const zeros = Array.from({ length: gap }, () => "0000");
  return Buffer.from([...before, ...zeros, ...after].join(""), "hex");
}

function value(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), lengthBytes(content.length), content]);
}

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const hex = length.toString(16);
  const bytes = Buffer.from(
    hex.padStart(hex.length + (hex.length % 2), "0"),
    "hex",
  );
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes]);
}

function base128(number: number): number[] {
  const bytes = [number & 0x7f];
  for (let rest = number >>> 7; rest > 0; rest >>>= 7)
    bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}
