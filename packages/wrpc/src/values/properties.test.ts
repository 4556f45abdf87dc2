import assert from "node:assert/strict";
import { it } from "node:test";

import fc from "fast-check";

import { isWrpcError } from "../errors/wrpc-errors.js";
import { Decoder, decode } from "./decode.js";
import {
  bool,
  char,
  enumeration,
  f32,
  f64,
  flags,
  list,
  option,
  own,
  record,
  result,
  s16,
  s32,
  s64,
  s8,
  string,
  tuple,
  u16,
  u32,
  u64,
  u8,
  unit,
  variant,
} from "./descriptors.js";
import { encode } from "./encode.js";
import type { AnyType } from "./type.js";

/** A type together with its values. */
interface Sample {
  readonly type: AnyType;
  readonly values: fc.Arbitrary<unknown>;
  /** Whether `undefined` is one of the values. */
  readonly nullable?: boolean;
}

const text = fc.string({ unit: "binary", maxLength: 60 });
const bytes = fc.uint8Array({ maxLength: 60 });
const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-zA-Z0-9]{0,6}$/), {
  minLength: 1,
  maxLength: 12,
});

const leaf: fc.Arbitrary<Sample> = fc.oneof(
  fc.constantFrom<Sample>(
    { type: bool, values: fc.boolean() },
    { type: u8, values: fc.integer({ min: 0, max: 255 }) },
    { type: s8, values: fc.integer({ min: -128, max: 127 }) },
    { type: u16, values: fc.integer({ min: 0, max: 65535 }) },
    { type: s16, values: fc.integer({ min: -32768, max: 32767 }) },
    { type: u32, values: fc.integer({ min: 0, max: 2 ** 32 - 1 }) },
    { type: s32, values: fc.integer() },
    { type: u64, values: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
    {
      type: s64,
      values: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    },
    { type: f32, values: fc.float() },
    { type: f64, values: fc.double() },
    {
      type: char,
      values: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    },
    { type: string, values: text },
    { type: unit, values: fc.constant(undefined), nullable: true },
    { type: list(u8), values: bytes },
    { type: own(), values: bytes },
  ),
  names.map((all): Sample => {
    const [first, ...rest] = all as [string, ...string[]];
    return {
      type: enumeration([first, ...rest]),
      values: fc.constantFrom(...all),
    };
  }),
  names.map((all): Sample => {
    const [first, ...rest] = all as [string, ...string[]];
    return {
      type: flags([first, ...rest]),
      values: fc.record(
        Object.fromEntries(all.map((name) => [name, fc.boolean()])),
      ),
    };
  }),
);

const { sample } = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    tie("sample").map((of): Sample => ({
      type: list(of.type),
      values:
        of.type.kind === "u8" ? bytes : fc.array(of.values, { maxLength: 5 }),
    })),
    tie("sample").map((of): Sample => ({
      type: option(of.type),
      values:
        of.nullable === true
          ? fc.oneof(
              fc.constant({ tag: "none" }),
              of.values.map((val) => ({ tag: "some", val })),
            )
          : fc.option(of.values, { nil: undefined }),
      nullable: of.nullable !== true,
    })),
    fc
      .tuple(tie("sample"), fc.option(tie("sample"), { nil: undefined }))
      .map(([ok, err]): Sample => ({
        type: result(ok.type, err?.type),
        values: fc.oneof(
          ok.values.map((val) => ({ tag: "ok", val })),
          (err?.values ?? fc.constant(undefined)).map((val) => ({
            tag: "err",
            val,
          })),
        ),
      })),
    fc.array(tie("sample"), { maxLength: 4 }).map((parts): Sample => ({
      type: tuple(...parts.map((part) => part.type)),
      values: fc.tuple(...parts.map((part) => part.values)),
    })),
    fc
      .tuple(names, fc.array(tie("sample"), { minLength: 12, maxLength: 12 }))
      .map(([all, parts]): Sample => ({
        type: record(entries(all, parts, (part) => part.type)),
        values: fc.record(entries(all, parts, (part) => part.values)),
      })),
    fc
      .tuple(
        names,
        fc.array(fc.option(tie("sample"), { nil: undefined }), {
          minLength: 12,
          maxLength: 12,
        }),
      )
      .map(([all, parts]): Sample => ({
        type: variant(entries(all, parts, (part) => part?.type)),
        values: fc.oneof(
          ...all.map(
            (tag, i) =>
              parts[i]?.values.map((val) => ({ tag, val })) ??
              fc.constant({ tag }),
          ),
        ),
      })),
  ),
}));

const encoded = sample.chain(({ type, values }) =>
  values.map((value) => ({ type, value, wire: encode(type, value) })),
);

it("what was encoded decodes to the same value", () => {
  fc.assert(
    fc.property(encoded, ({ type, value, wire }) => {
      assert.deepEqual(plain(decode(type, wire)), plain(value));
    }),
  );
});

it("however it is cut", () => {
  fc.assert(
    fc.property(
      encoded,
      fc.array(fc.integer({ min: 0, max: 20 }), {
        minLength: 1,
        maxLength: 20,
      }),
      ({ type, value, wire }, sizes) => {
        const decoder = new Decoder(type);
        for (let at = 0, i = 0; at < wire.length; i++) {
          // Of sizes that are all 0 nothing would ever come.
          const size =
            (sizes[i % sizes.length] ?? 0) + (i % sizes.length === 0 ? 1 : 0);
          decoder.push(wire.subarray(at, at + size));
          at += size;
        }
        if (wire.length === 0) decoder.push(wire);
        assert.deepEqual(plain(decoder.end()), plain(value));
      },
    ),
  );
});

it("only one encoding is accepted for a value", () => {
  fc.assert(
    fc.property(sample, fc.uint8Array({ maxLength: 40 }), ({ type }, wire) => {
      const limits = { maxBytes: 1000, maxElements: 1000 };
      const decoder = new Decoder(type, limits);
      try {
        if (!decoder.push(wire)) return;
      } catch (error) {
        assert.ok(isWrpcError(error));
        return;
      }
      const again = encode(type, decoder.end());
      if (hasNaN(decoder.end())) return;
      assert.deepEqual(again, wire.slice(0, again.length));
    }),
    { numRuns: 1000 },
  );
});

it("mutated bytes decode to something or are refused, in one piece and in many", () => {
  const mutation = fc.record({
    at: fc.nat(),
    byte: fc.integer({ min: 0, max: 255 }),
    how: fc.constantFrom("replace", "insert", "remove"),
  });
  fc.assert(
    fc.property(
      encoded,
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      ({ type, wire }, mutations) => {
        const mutated = Array.from(wire);
        for (const { at, byte, how } of mutations) {
          const index = at % (mutated.length + 1);
          mutated.splice(
            index,
            how === "insert" ? 0 : 1,
            ...(how === "remove" ? [] : [byte]),
          );
        }
        const whole = outcome(type, [Uint8Array.from(mutated)]);
        const pieces = outcome(
          type,
          mutated.map((byte) => Uint8Array.of(byte)),
        );
        assert.deepEqual(pieces, whole);
      },
    ),
    { numRuns: 1000 },
  );
});

function outcome(type: AnyType, pieces: readonly Uint8Array[]): unknown {
  const decoder = new Decoder(type, { maxBytes: 10_000, maxElements: 10_000 });
  try {
    decoder.push(new Uint8Array(0));
    for (const piece of pieces) if (decoder.push(piece)) break;
    return { value: plain(decoder.end()) };
  } catch (error) {
    assert.ok(isWrpcError(error), String(error));
    return { code: error.code, message: error.message };
  }
}

function entries<T, R>(
  all: readonly string[],
  parts: readonly T[],
  of: (part: T) => R,
): Record<string, R> {
  return Object.fromEntries(all.map((name, i) => [name, of(parts[i] as T)]));
}

// fast-check makes objects without a prototype.
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(
    Object.entries(value as object).map(([key, item]) => [key, plain(item)]),
  );
}

// Bits of a NaN do not survive JavaScript.
function hasNaN(value: unknown): boolean {
  if (typeof value === "number") return Number.isNaN(value);
  if (
    value instanceof Uint8Array ||
    typeof value !== "object" ||
    value === null
  )
    return false;
  return Object.values(value).some(hasNaN);
}
