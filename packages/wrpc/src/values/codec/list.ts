import { nameOf, type Codec } from "./codec.js";
import { readUnsigned, writeU32 } from "./leb128.js";
import { HALT, type Reader } from "./reader.js";

const step = (index: number): string => `[${index}]`;

interface Partial {
  readonly count: number;
  readonly items: unknown[];
}

/** `list<T>` of anything but `u8`. */
export function listCodec(element: Codec): Codec {
  const { encode, decode } = element;

  function go(reader: Reader, partial: Partial): unknown {
    const { count, items } = partial;
    for (let i = items.length; i < count; i++) {
      const item = decode(reader);
      if (item === HALT) return reader.suspend(i, partial, step);
      items.push(item);
    }
    return items;
  }

  return {
    minBytes: 1,
    nullable: false,
    encode(writer, value) {
      if (!Array.isArray(value))
        return writer.fault(`expected an array, got ${nameOf(value)}`);
      const items: readonly unknown[] = value;
      writeU32(writer, items.length);
      for (let i = 0; i < items.length; i++)
        if (!encode(writer, items[i])) return writer.within(step(i));
      return true;
    },
    decode(reader) {
      if (reader.pending !== 0)
        return go(reader, reader.resume().partial as Partial);
      const count = readUnsigned(reader, 32);
      if (!(count >= 0)) return HALT;
      reader.elements += count;
      if (reader.elements > reader.limits.maxElements)
        return reader.tooLarge(
          `${reader.elements} list elements announced, more than \`maxElements\` (${reader.limits.maxElements}) allows`,
        );
      if (reader.exceeds(count * element.minBytes))
        return reader.tooLarge(
          `${count} list elements announced, more than fit into \`maxBytes\` (${reader.limits.maxBytes})`,
        );
      return go(reader, { count, items: [] });
    },
  };
}
