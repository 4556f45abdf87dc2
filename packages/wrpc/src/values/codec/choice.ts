import { nameOf, type Codec } from "./codec.js";
import { readUnsigned, writeU32 } from "./leb128.js";
import { HALT, type Reader } from "./reader.js";
import type { Writer } from "./writer.js";

/** `option<T>`, plain or tagged, see `option` in the descriptors. */
export function optionCodec(content: Codec): Codec {
  const tagged = content.nullable;
  const step = (): string => (tagged ? ".val" : "");
  return {
    minBytes: 1,
    nullable: !tagged,
    encode(writer, value) {
      let some: boolean;
      let inner = value;
      if (tagged) {
        const tag = tagOf(value);
        if (tag !== "some" && tag !== "none")
          return writer.fault('expected { tag: "some" | "none" }');
        some = tag === "some";
        inner = (value as { val?: unknown }).val;
      } else some = value !== undefined;
      writer.reserve(1);
      writer.bytes[writer.pos++] = some ? 1 : 0;
      return !some || content.encode(writer, inner) || writer.within(step());
    },
    decode(reader) {
      if (reader.pending !== 0) reader.resume();
      else {
        if (reader.pos >= reader.bytes.length) return HALT;
        const byte = reader.bytes[reader.pos] as number;
        if (byte > 1)
          return reader.malformed("an option that is neither 0 nor 1");
        reader.pos++;
        if (byte === 0) return tagged ? { tag: "none" } : undefined;
      }
      const val = content.decode(reader);
      if (val === HALT) return reader.suspend(1, undefined, step);
      return tagged ? { tag: "some", val } : val;
    },
  };
}

/** `result<Ok, Err>` */
export function resultCodec(
  ok: Codec | undefined,
  err: Codec | undefined,
): Codec {
  const step = (index: number): string => (index === 0 ? ".ok" : ".err");

  function go(reader: Reader, index: number): unknown {
    const side = index === 0 ? ok : err;
    const val = side?.decode(reader);
    if (val === HALT) return reader.suspend(index, undefined, step);
    return index === 0 ? { tag: "ok", val } : { tag: "err", val };
  }

  return {
    minBytes: 1 + Math.min(ok?.minBytes ?? 0, err?.minBytes ?? 0),
    nullable: false,
    encode(writer, value) {
      const tag = tagOf(value);
      if (tag !== "ok" && tag !== "err")
        return writer.fault('expected { tag: "ok" | "err" }');
      const index = tag === "ok" ? 0 : 1;
      const side = index === 0 ? ok : err;
      writer.reserve(1);
      writer.bytes[writer.pos++] = index;
      const { val } = value as { val?: unknown };
      return encodePayload(side, writer, val) || writer.within(step(index));
    },
    decode(reader) {
      if (reader.pending !== 0) return go(reader, reader.resume().index);
      if (reader.pos >= reader.bytes.length) return HALT;
      const byte = reader.bytes[reader.pos] as number;
      if (byte > 1) return reader.malformed("a result that is neither 0 nor 1");
      reader.pos++;
      return go(reader, byte);
    },
  };
}

/** `variant`: the index of the case, then its payload. */
export function variantCodec(
  names: readonly string[],
  cases: readonly (Codec | undefined)[],
): Codec {
  const step = (index: number): string => `.${names[index]}`;
  const indexOf = new Map(names.map((name, index) => [name, index]));

  function go(reader: Reader, index: number): unknown {
    const tag = names[index];
    const content = cases[index];
    if (content === undefined) return { tag };
    const val = content.decode(reader);
    if (val === HALT) return reader.suspend(index, undefined, step);
    return { tag, val };
  }

  return {
    minBytes: 1 + Math.min(...cases.map((content) => content?.minBytes ?? 0)),
    nullable: false,
    encode(writer, value) {
      const tag = tagOf(value);
      const index = tag === undefined ? undefined : indexOf.get(tag);
      if (index === undefined)
        return writer.fault(`expected { tag: ${oneOf(names)} }`);
      writeU32(writer, index);
      const { val } = value as { val?: unknown };
      return (
        encodePayload(cases[index], writer, val) || writer.within(step(index))
      );
    },
    decode(reader) {
      if (reader.pending !== 0) return go(reader, reader.resume().index);
      const index = readUnsigned(reader, 32);
      if (!(index >= 0)) return HALT;
      if (index >= names.length)
        return reader.malformed(
          `a variant of ${names.length} cases with case ${index}`,
        );
      return go(reader, index);
    },
  };
}

/** `enum`: the index of the case. */
export function enumCodec(names: readonly string[]): Codec {
  const indexOf = new Map(names.map((name, index) => [name, index]));
  return {
    minBytes: 1,
    nullable: false,
    encode(writer, value) {
      const index = typeof value === "string" ? indexOf.get(value) : undefined;
      if (index === undefined) return writer.fault(`expected ${oneOf(names)}`);
      writeU32(writer, index);
      return true;
    },
    decode(reader) {
      const index = readUnsigned(reader, 32);
      if (!(index >= 0)) return HALT;
      return (
        names[index] ??
        reader.malformed(`an enum of ${names.length} cases with case ${index}`)
      );
    },
  };
}

function encodePayload(
  content: Codec | undefined,
  writer: Writer,
  val: unknown,
): boolean {
  if (content !== undefined) return content.encode(writer, val);
  return (
    val === undefined || writer.fault(`expected no payload, got ${nameOf(val)}`)
  );
}

function tagOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { tag } = value as { tag?: unknown };
  return typeof tag === "string" ? tag : undefined;
}

function oneOf(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(" | ");
}
