import { nameOf, type Codec } from "./codec.js";
import {
  readBig,
  readSigned,
  readUnsigned,
  writeS32,
  writeS64,
  writeU32,
  writeU64,
} from "./leb128.js";
import { HALT } from "./reader.js";

export const boolCodec: Codec = {
  minBytes: 1,
  nullable: false,
  encode(writer, value) {
    if (typeof value !== "boolean")
      return writer.fault(`expected a boolean, got ${nameOf(value)}`);
    writer.reserve(1);
    writer.bytes[writer.pos++] = value ? 1 : 0;
    return true;
  },
  decode(reader) {
    if (reader.pos >= reader.bytes.length) return HALT;
    const byte = reader.bytes[reader.pos] as number;
    if (byte > 1) return reader.malformed("a bool that is neither 0 nor 1");
    reader.pos++;
    return byte === 1;
  },
};

export const unitCodec: Codec = {
  minBytes: 0,
  nullable: true,
  encode(writer, value) {
    return (
      value === undefined ||
      writer.fault(`expected undefined, got ${nameOf(value)}`)
    );
  },
  decode: () => undefined,
};

/** `u8` and `s8`: one plain byte. */
export function byteCodec(name: "u8" | "s8"): Codec {
  const [min, max] = name === "u8" ? [0, 255] : [-128, 127];
  return {
    minBytes: 1,
    nullable: false,
    encode(writer, value) {
      if (!isWhole(value, min, max))
        return writer.fault(notWhole(name, value, min, max));
      writer.reserve(1);
      writer.bytes[writer.pos++] = value & 0xff;
      return true;
    },
    decode(reader) {
      if (reader.pos >= reader.bytes.length) return HALT;
      const byte = reader.bytes[reader.pos++] as number;
      return byte > max ? byte - 256 : byte;
    },
  };
}

export function unsignedCodec(bits: 16 | 32): Codec {
  const max = 2 ** bits - 1;
  return {
    minBytes: 1,
    nullable: false,
    encode(writer, value) {
      if (!isWhole(value, 0, max))
        return writer.fault(notWhole(`u${bits}`, value, 0, max));
      writeU32(writer, value);
      return true;
    },
    decode(reader) {
      const value = readUnsigned(reader, bits);
      return value >= 0 ? value : HALT;
    },
  };
}

export function signedCodec(bits: 16 | 32): Codec {
  const min = -(2 ** (bits - 1));
  const max = -min - 1;
  return {
    minBytes: 1,
    nullable: false,
    encode(writer, value) {
      if (!isWhole(value, min, max))
        return writer.fault(notWhole(`s${bits}`, value, min, max));
      writeS32(writer, value);
      return true;
    },
    decode(reader) {
      const value = readSigned(reader, bits);
      return Number.isNaN(value) ? HALT : value;
    },
  };
}

export function bigCodec(signed: boolean): Codec {
  const [name, min, max] = signed
    ? ["s64", -(2n ** 63n), 2n ** 63n - 1n]
    : ["u64", 0n, 2n ** 64n - 1n];
  return {
    minBytes: 1,
    nullable: false,
    encode(writer, value) {
      if (typeof value !== "bigint")
        return writer.fault(
          `expected a bigint (${name}), got ${nameOf(value)}`,
        );
      if (value < min || value > max)
        return writer.fault(
          `expected ${name} (${min} to ${max}), got a bigint out of range`,
        );
      if (signed) writeS64(writer, value);
      else writeU64(writer, value);
      return true;
    },
    decode(reader) {
      return readBig(reader, signed) ?? HALT;
    },
  };
}

const scratch = new DataView(new ArrayBuffer(8));

export function floatCodec(size: 4 | 8): Codec {
  const name = size === 4 ? "f32" : "f64";
  return {
    minBytes: size,
    nullable: false,
    encode(writer, value) {
      if (typeof value !== "number")
        return writer.fault(
          `expected a number (${name}), got ${nameOf(value)}`,
        );
      if (
        size === 4 &&
        Number.isFinite(value) &&
        !Number.isFinite(Math.fround(value))
      )
        return writer.fault("expected f32, got a number out of range");
      writer.reserve(size);
      if (size === 4) writer.bytes.writeFloatLE(value, writer.pos);
      else writer.bytes.writeDoubleLE(value, writer.pos);
      writer.pos += size;
      return true;
    },
    decode(reader) {
      const { bytes, pos } = reader;
      if (pos + size > bytes.length) return HALT;
      for (let i = 0; i < size; i++)
        scratch.setUint8(i, bytes[pos + i] as number);
      reader.pos = pos + size;
      return size === 4
        ? scratch.getFloat32(0, true)
        : scratch.getFloat64(0, true);
    },
  };
}

function isWhole(value: unknown, min: number, max: number): value is number {
  return (
    typeof value === "number" &&
    Number.isInteger(value) &&
    value >= min &&
    value <= max
  );
}

function notWhole(
  name: string,
  value: unknown,
  min: number,
  max: number,
): string {
  const got =
    typeof value !== "number"
      ? nameOf(value)
      : Number.isInteger(value)
        ? "a number out of range"
        : "a number that is not whole";
  return `expected ${name} (${min} to ${max}), got ${got}`;
}
