import { TextDecoder } from "node:util";

import { nameOf, type Codec } from "./codec.js";
import { collect, Collector } from "./collector.js";
import { readUnsigned, writeU32 } from "./leb128.js";
import { HALT, type Reader } from "./reader.js";

// ignoreBOM keeps a leading U+FEFF: it belongs to the string.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const charNotUtf8 = "a char that is not UTF-8";
const notUtf8 = "a string that is not UTF-8";
const loneSurrogate = "a string with a lone surrogate";

// Up to these lengths a loop in JavaScript beats the way into native code and back (measured).
const shortToWrite = 48;
const shortToRead = 12;

export const stringCodec: Codec = {
  minBytes: 1,
  nullable: false,
  encode(writer, value) {
    if (typeof value !== "string")
      return writer.fault(`expected a string, got ${nameOf(value)}`);
    const { length } = value;
    if (length <= shortToWrite) {
      writer.reserve(length + 1);
      const { bytes, pos } = writer;
      let i = 0;
      for (; i < length; i++) {
        const unit = value.charCodeAt(i);
        if (unit > 0x7f) break;
        bytes[pos + 1 + i] = unit;
      }
      if (i === length) {
        bytes[pos] = length;
        writer.pos = pos + 1 + length;
        return true;
      }
    }
    const size = Buffer.byteLength(value, "utf8");
    if (size !== length && !isWellFormed(value))
      return writer.fault(`expected a string, got ${loneSurrogate}`);
    writeU32(writer, size);
    writer.reserve(size);
    writer.bytes.write(value, writer.pos, size, "utf8");
    writer.pos += size;
    return true;
  },
  decode(reader) {
    if (reader.pending !== 0) return gather(reader, reader.resume().partial);
    const size = readUnsigned(reader, 32);
    if (!(size >= 0)) return HALT;
    if (reader.exceeds(size)) return tooLong(reader, size);
    const { bytes, pos } = reader;
    if (pos + size > bytes.length) return gather(reader, new Collector(size));
    reader.pos = pos + size;
    return textOf(reader, bytes, pos, pos + size);
  },
};

function gather(reader: Reader, partial: unknown): unknown {
  const bytes = collect(reader, partial as Collector);
  return bytes === HALT ? HALT : textOf(reader, bytes, 0, bytes.length);
}

function textOf(
  reader: Reader,
  bytes: Uint8Array,
  start: number,
  end: number,
): unknown {
  if (end - start <= shortToRead) {
    let text = "";
    let i = start;
    for (; i < end; i++) {
      const byte = bytes[i] as number;
      if (byte > 0x7f) break;
      text += String.fromCharCode(byte);
    }
    if (i === end) return text;
  }
  try {
    return utf8.decode(bytes.subarray(start, end));
  } catch {
    return reader.malformed(notUtf8);
  }
}

/** Says which limit an announced length passes. */
export function tooLong(reader: Reader, size: number): typeof HALT {
  return reader.tooLarge(
    `${size} bytes announced, more than \`maxBytes\` (${reader.limits.maxBytes}) allows`,
  );
}

export const charCodec: Codec = {
  minBytes: 1,
  nullable: false,
  encode(writer, value) {
    if (typeof value !== "string")
      return writer.fault(`expected a char, got ${nameOf(value)}`);
    const point = value.codePointAt(0);
    if (point === undefined || value.length !== (point > 0xffff ? 2 : 1))
      return writer.fault("expected a char, got a string of another length");
    if (point >= 0xd800 && point <= 0xdfff)
      return writer.fault("expected a char, got a lone surrogate");
    writer.reserve(4);
    writer.pos += writer.bytes.write(value, writer.pos, 4, "utf8");
    return true;
  },
  decode(reader) {
    const { bytes, pos } = reader;
    if (pos >= bytes.length) return HALT;
    const first = bytes[pos] as number;
    if (first > 0xf4 || (first > 0x7f && first < 0xc2))
      return reader.malformed(charNotUtf8);
    const size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (pos + size > bytes.length) return HALT;
    let text: string;
    try {
      text = utf8.decode(bytes.subarray(pos, pos + size));
    } catch {
      return reader.malformed(charNotUtf8);
    }
    reader.pos = pos + size;
    return text;
  },
};

// In every Node.js that we support, but not yet in the library that we compile against.
function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}
