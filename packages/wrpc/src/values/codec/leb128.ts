// Little-endian base 128. Only the shortest form is written, and only the shortest is accepted:
// two spellings of one value are how two readers of the same bytes come to disagree.
import type { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

/** What the number functions return when the reader has halted; no value of theirs is NaN. */
export const halted: number = Number.NaN;

const overLong = "a LEB128 number in an over-long form";

/** Writes a whole number of 0 to 2^32 - 1. */
export function writeU32(writer: Writer, value: number): void {
  writer.reserve(5);
  const bytes = writer.bytes;
  let pos = writer.pos;
  let rest = value;
  while (rest > 0x7f) {
    bytes[pos++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[pos++] = rest;
  writer.pos = pos;
}

/** Writes a whole number of -2^31 to 2^31 - 1. */
export function writeS32(writer: Writer, value: number): void {
  writer.reserve(5);
  const bytes = writer.bytes;
  let pos = writer.pos;
  let rest = value;
  while (rest > 63 || rest < -64) {
    bytes[pos++] = (rest & 0x7f) | 0x80;
    rest >>= 7;
  }
  bytes[pos++] = rest & 0x7f;
  writer.pos = pos;
}

/** Writes 0 to 2^64 - 1. */
export function writeU64(writer: Writer, value: bigint): void {
  writer.reserve(10);
  let rest = value;
  while (rest > 0xfffffffn) {
    writeGroups(writer, Number(rest & 0xfffffffn));
    rest >>= 28n;
  }
  writeU32(writer, Number(rest));
}

/** Writes -2^63 to 2^63 - 1. */
export function writeS64(writer: Writer, value: bigint): void {
  writer.reserve(10);
  let rest = value;
  while (rest > 0x7ffffffn || rest < -0x8000000n) {
    writeGroups(writer, Number(rest & 0xfffffffn));
    rest >>= 28n;
  }
  writeS32(writer, Number(rest));
}

// Four groups of seven bits with more to come.
function writeGroups(writer: Writer, value: number): void {
  const bytes = writer.bytes;
  let pos = writer.pos;
  bytes[pos++] = (value & 0x7f) | 0x80;
  bytes[pos++] = ((value >> 7) & 0x7f) | 0x80;
  bytes[pos++] = ((value >> 14) & 0x7f) | 0x80;
  bytes[pos++] = (value >> 21) | 0x80;
  writer.pos = pos;
}

/** Reads an unsigned number of 16 or 32 bits; {@link halted} if the reader halts. */
export function readUnsigned(reader: Reader, bits: 16 | 32): number {
  const bytes = reader.bytes;
  let pos = reader.pos;
  if (pos >= bytes.length) return halted;
  let byte = bytes[pos++] as number;
  if (byte < 0x80) {
    reader.pos = pos;
    return byte;
  }
  const lastShift = bits === 32 ? 28 : 14;
  const lastMax = bits === 32 ? 0x0f : 0x03;
  let value = byte & 0x7f;
  for (let shift = 7; ; shift += 7) {
    if (pos >= bytes.length) return halted;
    byte = bytes[pos++] as number;
    if (shift === lastShift && byte > lastMax) {
      reader.malformed(`a LEB128 number beyond ${bits} bits`);
      return halted;
    }
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (byte === 0) {
        reader.malformed(overLong);
        return halted;
      }
      reader.pos = pos;
      return value >>> 0;
    }
  }
}

/** Reads a signed number of 16 or 32 bits; {@link halted} if the reader halts. */
export function readSigned(reader: Reader, bits: 16 | 32): number {
  const bytes = reader.bytes;
  const lastShift = bits === 32 ? 28 : 14;
  const half = bits === 32 ? 0x08 : 0x02;
  let pos = reader.pos;
  let value = 0;
  let before = 0;
  for (let shift = 0; ; shift += 7) {
    if (pos >= bytes.length) return halted;
    const byte = bytes[pos++] as number;
    // The last byte holds the top bits and copies of the sign, nothing else.
    if (
      shift === lastShift &&
      byte >= half &&
      (byte < 0x80 - half || byte > 0x7f)
    ) {
      reader.malformed(`a LEB128 number beyond ${bits} bits`);
      return halted;
    }
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (shift > 0 && isPadding(byte, before)) {
        reader.malformed(overLong);
        return halted;
      }
      reader.pos = pos;
      return (byte & 0x40) !== 0 && shift < 28
        ? value | (-1 << (shift + 7))
        : value;
    }
    before = byte;
  }
}

function isPadding(last: number, before: number): boolean {
  return (
    (last === 0 && (before & 0x40) === 0) ||
    (last === 0x7f && (before & 0x40) !== 0)
  );
}

/** Reads 64 bits; `undefined` if the reader halts. */
export function readBig(reader: Reader, signed: boolean): bigint | undefined {
  const bytes = reader.bytes;
  const start = reader.pos;
  let pos = start;
  let byte: number;
  do {
    if (pos >= bytes.length) return undefined;
    byte = bytes[pos++] as number;
    if (
      pos - start === 10 &&
      !(byte === 0 || byte === (signed ? 0x7f : 0x01))
    ) {
      reader.malformed("a LEB128 number beyond 64 bits");
      return undefined;
    }
  } while (byte >= 0x80);
  const length = pos - start;
  if (length > 1) {
    const before = bytes[pos - 2] as number;
    if (signed ? isPadding(byte, before) : byte === 0) {
      reader.malformed(overLong);
      return undefined;
    }
  }
  reader.pos = pos;
  // Seven groups are exact in a double; what is above needs a second one.
  let low = 0;
  for (let i = Math.min(length, 7) - 1; i >= 0; i--)
    low = low * 128 + ((bytes[start + i] as number) & 0x7f);
  let value = BigInt(low);
  if (length > 7) {
    let high = 0;
    for (let i = length - 1; i >= 7; i--)
      high = high * 128 + ((bytes[start + i] as number) & 0x7f);
    value |= BigInt(high) << 49n;
  }
  return signed ? BigInt.asIntN(Math.min(7 * length, 64), value) : value;
}
