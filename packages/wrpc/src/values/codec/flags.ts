import { nameOf, type Codec } from "./codec.js";
import { HALT } from "./reader.js";

/** `flags`: one bit each, the first name in the lowest bit of the first byte. */
export function flagsCodec(names: readonly string[]): Codec {
  const size = Math.ceil(names.length / 8);
  const unused =
    names.length % 8 === 0 ? 0 : (0xff << (names.length % 8)) & 0xff;
  return {
    minBytes: size,
    nullable: false,
    encode(writer, value) {
      if (typeof value !== "object" || value === null || Array.isArray(value))
        return writer.fault(`expected an object, got ${nameOf(value)}`);
      const source = value as Readonly<Record<string, unknown>>;
      writer.reserve(size);
      const { bytes, pos } = writer;
      bytes.fill(0, pos, pos + size);
      for (let i = 0; i < names.length; i++) {
        const name = names[i] as string;
        const set = source[name];
        if (set === true)
          bytes[pos + (i >> 3)] =
            (bytes[pos + (i >> 3)] as number) | (1 << (i & 7));
        else if (set !== false && set !== undefined) {
          writer.fault(`expected a boolean, got ${nameOf(set)}`);
          return writer.within(`.${name}`);
        }
      }
      writer.pos = pos + size;
      return true;
    },
    decode(reader) {
      const { bytes, pos } = reader;
      if (pos + size > bytes.length) return HALT;
      if (((bytes[pos + size - 1] as number) & unused) !== 0)
        return reader.malformed("flags with an unused bit set");
      const value: Record<string, boolean> = {};
      for (let i = 0; i < names.length; i++)
        value[names[i] as string] =
          ((bytes[pos + (i >> 3)] as number) & (1 << (i & 7))) !== 0;
      reader.pos = pos + size;
      return value;
    },
  };
}
