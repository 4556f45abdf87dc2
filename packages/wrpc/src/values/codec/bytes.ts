import { nameOf, type Codec } from "./codec.js";
import { collect, Collector } from "./collector.js";
import { readUnsigned, writeU32 } from "./leb128.js";
import { HALT } from "./reader.js";
import { tooLong } from "./text.js";

/** `list<u8>` and handles: length and raw bytes. */
export const bytesCodec: Codec = {
  minBytes: 1,
  nullable: false,
  encode(writer, value) {
    if (!(value instanceof Uint8Array))
      return writer.fault(`expected a Uint8Array, got ${nameOf(value)}`);
    const size = value.length;
    if (size > 0xffffffff)
      return writer.fault("expected at most 4294967295 bytes, got more");
    writeU32(writer, size);
    writer.reserve(size);
    writer.bytes.set(value, writer.pos);
    writer.pos += size;
    return true;
  },
  decode(reader) {
    if (reader.pending !== 0)
      return collect(reader, reader.resume().partial as Collector);
    const size = readUnsigned(reader, 32);
    if (!(size >= 0)) return HALT;
    if (reader.exceeds(size)) return tooLong(reader, size);
    const { bytes, pos } = reader;
    if (pos + size > bytes.length) return collect(reader, new Collector(size));
    reader.pos = pos + size;
    // Not `subarray`: of a Buffer it would make a Buffer, whose `slice` does not copy.
    return new Uint8Array(bytes.buffer, bytes.byteOffset + pos, size);
  },
};
