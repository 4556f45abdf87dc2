import { nameOf, type Codec } from "./codec.js";
import { HALT } from "./reader.js";

/** `record`: fields one after another. */
export function recordCodec(
  names: readonly string[],
  fields: readonly Codec[],
): Codec {
  const step = (index: number): string => `.${names[index]}`;
  const count = names.length;
  return {
    minBytes: sum(fields),
    nullable: false,
    encode(writer, value) {
      if (typeof value !== "object" || value === null || Array.isArray(value))
        return writer.fault(`expected an object, got ${nameOf(value)}`);
      const source = value as Readonly<Record<string, unknown>>;
      for (let i = 0; i < count; i++)
        if (!(fields[i] as Codec).encode(writer, source[names[i] as string]))
          return writer.within(step(i));
      return true;
    },
    decode(reader) {
      let i = 0;
      let partial: Record<string, unknown> = {};
      if (reader.pending !== 0) {
        const frame = reader.resume();
        i = frame.index;
        partial = frame.partial as Record<string, unknown>;
      }
      for (; i < count; i++) {
        const value = (fields[i] as Codec).decode(reader);
        if (value === HALT) return reader.suspend(i, partial, step);
        partial[names[i] as string] = value;
      }
      return partial;
    },
  };
}

/** `tuple` and the parameters of a function. */
export function tupleCodec(parts: readonly Codec[]): Codec {
  const step = (index: number): string => `[${index}]`;
  const count = parts.length;
  return {
    minBytes: sum(parts),
    nullable: false,
    encode(writer, value) {
      if (!Array.isArray(value))
        return writer.fault(`expected an array, got ${nameOf(value)}`);
      const items: readonly unknown[] = value;
      if (items.length !== count)
        return writer.fault(`expected ${count} elements, got ${items.length}`);
      for (let i = 0; i < count; i++)
        if (!(parts[i] as Codec).encode(writer, items[i]))
          return writer.within(step(i));
      return true;
    },
    decode(reader) {
      let partial: unknown[] = [];
      if (reader.pending !== 0) partial = reader.resume().partial as unknown[];
      for (let i = partial.length; i < count; i++) {
        const value = (parts[i] as Codec).decode(reader);
        if (value === HALT) return reader.suspend(i, partial, step);
        partial.push(value);
      }
      return partial;
    },
  };
}

function sum(parts: readonly Codec[]): number {
  return parts.reduce((bytes, part) => bytes + part.minBytes, 0);
}
