import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Decoder, decode } from "./decode.js";
import {
  list,
  option,
  record,
  string,
  tuple,
  u32,
  u8,
  unit,
} from "./descriptors.js";
import { codecOf } from "./codec/compile.js";
import { encode, encodeWith } from "./encode.js";
import { defaultMaxBytes, defaultMaxElements } from "./limits.js";
import type { AnyType } from "./type.js";

const fourGiB = [0xff, 0xff, 0xff, 0xff, 0x0f];
const next = "Raise the named limit if values of this size are wanted.";

describe("announced sizes", () => {
  const rows: readonly [string, AnyType, number[], string][] = [
    [
      "of a string",
      string,
      fourGiB,
      `value: 4294967295 bytes announced, more than \`maxBytes\` (${defaultMaxBytes}) allows.`,
    ],
    [
      "of bytes inside",
      record({ a: u8, b: option(list(u8)) }),
      [7, 1, ...fourGiB],
      `value.b: 4294967295 bytes announced, more than \`maxBytes\` (${defaultMaxBytes}) allows.`,
    ],
    [
      "of a list",
      list(u32),
      fourGiB,
      `value: 4294967295 list elements announced, more than \`maxElements\` (${defaultMaxElements}) allows.`,
    ],
    [
      "of a list of nothing",
      list(unit),
      fourGiB,
      `value: 4294967295 list elements announced, more than \`maxElements\` (${defaultMaxElements}) allows.`,
    ],
  ];
  for (const [name, type, wire, message] of rows)
    it(`${name} are refused before memory is taken`, () => {
      assert.throws(() => decode(type, Uint8Array.from(wire)), {
        code: "WRPC_VALUE_TOO_LARGE",
        message: `${message} ${next}`,
      });
    });

  it("are held against what earlier fields took", () => {
    const type = tuple(string, string);
    const limits = { maxBytes: 10 };
    assert.deepEqual(decode(type, encode(type, ["abcd", "efgh"]), limits), [
      "abcd",
      "efgh",
    ]);
    const wire = encode(type, ["abcd", "efghi"]);
    const message = `value[1]: 5 bytes announced, more than \`maxBytes\` (10) allows. ${next}`;
    assert.throws(() => decode(type, wire, limits), { message });
    assert.throws(
      () => {
        const decoder = new Decoder(type, limits);
        for (const byte of wire) decoder.push(Uint8Array.of(byte));
      },
      { message },
    );
  });

  it("are held against the bytes that the elements need at least", () => {
    assert.throws(
      () =>
        decode(list(tuple(string, u32)), Uint8Array.of(6), { maxBytes: 12 }),
      {
        message: `value: 6 list elements announced, more than fit into \`maxBytes\` (12). ${next}`,
      },
    );
  });

  it("of lists in lists add up", () => {
    const type = list(list(unit));
    const limits = { maxElements: 10 };
    const fits = [Array(4).fill(undefined), Array(4).fill(undefined)];
    assert.deepEqual(decode(type, encode(type, fits), limits), fits);
    const wire = encode(type, [fits[0] ?? [], Array(5).fill(undefined)]);
    assert.throws(() => decode(type, wire, limits), {
      message: `value[1]: 11 list elements announced, more than \`maxElements\` (10) allows. ${next}`,
    });
  });
});

it("a value of many small parts ends at `maxBytes`", () => {
  const type = tuple(...Array.from({ length: 20 }, () => u8));
  const decoder = new Decoder(type, { maxBytes: 10 });
  for (let i = 0; i < 9; i++) decoder.push(Uint8Array.of(i));
  const tail = `: more than \`maxBytes\` (10) bytes. ${next}`;
  assert.throws(() => decoder.push(Uint8Array.of(9)), {
    message: `value[10]${tail}`,
  });
  assert.throws(() => decode(type, new Uint8Array(20), { maxBytes: 10 }), {
    message: `value${tail}`,
  });
});

it("an announced size alone takes no memory", () => {
  const before = process.memoryUsage().arrayBuffers;
  const decoders = Array.from({ length: 100 }, () => {
    const decoder = new Decoder(list(u8));
    decoder.push(Uint8Array.of(0x80, 0x80, 0x80, 0x08)); // 16 MiB
    decoder.push(Uint8Array.of(1));
    return decoder;
  });
  const taken = process.memoryUsage().arrayBuffers - before;
  assert.equal(decoders.length, 100);
  assert.ok(taken < 100 * 128 * 1024, `${taken} bytes for 100 bytes received`);
});

it("no part of a value is decoded twice, however small the pieces", () => {
  // Counted and not timed: every string of the list must be decoded once only.
  const type = list(record({ name: string, body: list(u8) }));
  const value = Array.from({ length: 20_000 }, (_, i) => ({
    name: `name ${i}`,
    body: Uint8Array.of(i & 0xff, 1, 2),
  }));
  const wire = encode(type, value);
  const fromCharCode = String.fromCharCode;
  let units = 0;
  String.fromCharCode = (...codes: number[]): string => {
    units += codes.length;
    return fromCharCode(...codes);
  };
  try {
    const decoder = new Decoder(type);
    for (let i = 0; i < wire.length; i++) decoder.push(wire.subarray(i, i + 1));
    assert.deepEqual(decoder.end(), value);
  } finally {
    String.fromCharCode = fromCharCode;
  }
  const total = value.reduce((sum, { name }) => sum + name.length, 0);
  assert.equal(units, total);
});

it("a large value in small pieces is gathered once", () => {
  const body = new Uint8Array(5_000_000).map((_, i) => i);
  const wire = encode(list(u8), body);
  const decoder = new Decoder(list(u8));
  for (let at = 0; at < wire.length; at += 100)
    decoder.push(wire.subarray(at, at + 100));
  assert.deepEqual(decoder.end(), body);
});

it("limits are whole numbers of at least 1", () => {
  for (const maxBytes of [0, -1, 1.5, NaN, Infinity, "1" as never])
    assert.throws(() => decode(u8, Uint8Array.of(1), { maxBytes }), {
      code: "WRPC_OPTION_INVALID",
      message:
        "Option `maxBytes` must be a whole number of at least 1. Correct the option in the code.",
    });
});

it("an encoded value is the caller's own", () => {
  const first = encode(string, "first");
  const second = encode(string, "second");
  assert.notEqual(first.buffer, second.buffer);
  assert.equal(first.buffer.byteLength, first.length);
});

it("values larger than a slab encode whole, and so does what follows", () => {
  const type = list(string);
  const value = Array.from({ length: 3000 }, (_, i) =>
    `element é ${i}`.repeat(i % 40),
  );
  assert.deepEqual(decode(type, encode(type, value)), value);
  assert.deepEqual(encode(u8, 1), Uint8Array.of(1));
});

it("memory taken for a large value is not kept for the next", () => {
  const codec = codecOf(record({ a: list(u8), b: list(u8), name: string }));
  // The room for `b` is made with some to spare.
  const large = { a: new Uint8Array(100_000), b: new Uint8Array(1_000_000) };
  const room = (): number =>
    encodeWith(codecOf(u8), 1, "", "value").buffer.byteLength;
  const usual = room();
  encodeWith(codec, { ...large, name: "a" }, "", "value");
  assert.equal(room(), usual);
  assert.throws(() => encodeWith(codec, { ...large, name: 1 }, "", "value"));
  assert.equal(room(), usual);
});
