import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Decoder, decode } from "./decode.js";
import {
  bool,
  borrow,
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
import type { Type } from "./type.js";

const brokerMessage = record({
  subject: string,
  body: list(u8),
  replyTo: option(string),
});

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const hex = (value: string): Uint8Array =>
  Uint8Array.from(Buffer.from(value.replaceAll(" ", ""), "hex"));

const threeHundredCases = variant(
  Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`c${i}`, undefined]),
  ),
);

function vectors<T>(
  name: string,
  type: Type<T>,
  pairs: readonly (readonly [value: T, encoded: string])[],
): [string, Type<unknown>, readonly (readonly [unknown, string])[]] {
  return [name, type, pairs];
}

// Made by two independent encoders of wRPC 0.0.1 values.
const table = [
  vectors("u8", u8, [
    [0, "00"],
    [127, "7f"],
    [128, "80"],
    [255, "ff"],
  ]),
  vectors("s8", s8, [
    [-128, "80"],
    [-1, "ff"],
    [127, "7f"],
  ]),
  vectors("u16", u16, [
    [127, "7f"],
    [128, "80 01"],
    [300, "ac 02"],
    [16383, "ff 7f"],
    [16384, "80 80 01"],
    [65535, "ff ff 03"],
  ]),
  vectors("u32", u32, [
    [0, "00"],
    [127, "7f"],
    [128, "80 01"],
    [2000, "d0 0f"],
    [5000, "88 27"],
    [30000, "b0 ea 01"],
    [624485, "e5 8e 26"],
    [2 ** 31, "80 80 80 80 08"],
    [2 ** 32 - 1, "ff ff ff ff 0f"],
  ]),
  vectors("u64", u64, [
    [0n, "00"],
    [2n ** 32n, "80 80 80 80 10"],
    [2n ** 53n, "80 80 80 80 80 80 80 10"],
    [2n ** 64n - 1n, "ff ff ff ff ff ff ff ff ff 01"],
  ]),
  vectors("s16", s16, [
    [0, "00"],
    [1, "01"],
    [-1, "7f"],
    [63, "3f"],
    [64, "c0 00"],
    [-64, "40"],
    [-65, "bf 7f"],
    [127, "ff 00"],
    [128, "80 01"],
    [-128, "80 7f"],
    [-129, "ff 7e"],
    [32767, "ff ff 01"],
    [-32768, "80 80 7e"],
  ]),
  vectors("s32", s32, [
    [-624485, "9b f1 59"],
    [2 ** 31 - 1, "ff ff ff ff 07"],
    [-(2 ** 31), "80 80 80 80 78"],
  ]),
  vectors("s64", s64, [
    [0n, "00"],
    [-1n, "7f"],
    [2n ** 63n - 1n, "ff ff ff ff ff ff ff ff ff 00"],
    [-(2n ** 63n), "80 80 80 80 80 80 80 80 80 7f"],
  ]),
  vectors("f32", f32, [
    [1.5, "00 00 c0 3f"],
    [-2.25, "00 00 10 c0"],
  ]),
  vectors("f64", f64, [
    [1.5, "00 00 00 00 00 00 f8 3f"],
    [3.141592653589793, "18 2d 44 54 fb 21 09 40"],
    [-0, "00 00 00 00 00 00 00 80"],
  ]),
  vectors("bool", bool, [
    [false, "00"],
    [true, "01"],
  ]),
  vectors("char", char, [
    ["a", "61"],
    ["é", "c3 a9"],
    ["€", "e2 82 ac"],
    ["😀", "f0 9f 98 80"],
  ]),
  vectors("string", string, [
    ["", "00"],
    ["hi", "02 68 69"],
    ["é", "02 c3 a9"],
    ["€", "03 e2 82 ac"],
    ["😀", "04 f0 9f 98 80"],
    ["\u{feff}a", "04 ef bb bf 61"],
    ["x".repeat(127), `7f ${"78".repeat(127)}`],
    ["x".repeat(128), `80 01 ${"78".repeat(128)}`],
  ]),
  vectors("unit", unit, [[undefined, ""]]),
  vectors("list<u8>", list(u8), [
    [bytes(), "00"],
    [bytes(1, 2, 255), "03 01 02 ff"],
  ]),
  vectors("list<string>", list(string), [[["a", "bc"], "02 01 61 02 62 63"]]),
  vectors("list<u32>", list(u32), [[[1, 300], "02 01 ac 02"]]),
  vectors("option<string>", option(string), [
    [undefined, "00"],
    ["", "01 00"],
    ["r", "01 01 72"],
  ]),
  vectors("option<option<u8>>", option(option(u8)), [
    [{ tag: "none" }, "00"],
    [{ tag: "some", val: undefined }, "01 00"],
    [{ tag: "some", val: 7 }, "01 01 07"],
  ]),
  vectors("result", result(), [
    [{ tag: "ok", val: undefined }, "00"],
    [{ tag: "err", val: undefined }, "01"],
  ]),
  vectors("result<_, string>", result(undefined, string), [
    [{ tag: "ok", val: undefined }, "00"],
    [{ tag: "err", val: "boom" }, "01 04 62 6f 6f 6d"],
    [{ tag: "err", val: "" }, "01 00"],
  ]),
  vectors("result<u32, string>", result(u32, string), [
    [{ tag: "ok", val: 300 }, "00 ac 02"],
  ]),
  vectors("tuple<u8, u32>", tuple(u8, u32), [[[0x42, 0x42], "42 42"]]),
  vectors("tuple<string, bool>", tuple(string, bool), [
    [["a", true], "01 61 01"],
  ]),
  vectors("enum", enumeration(["a", "b", "c"]), [["b", "01"]]),
  vectors("variant", variant({ none: undefined, number: u32, text: string }), [
    [{ tag: "none" }, "00"],
    [{ tag: "text", val: "x" }, "02 01 78"],
  ]),
  vectors("variant of 300 cases", threeHundredCases, [
    [{ tag: "c200" }, "c8 01"],
  ]),
  vectors("flags of 3", flags(["a", "b", "c"]), [
    [{ a: true, b: false, c: true }, "05"],
  ]),
  vectors(
    "flags of 10",
    flags(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]),
    [
      [
        {
          a: true,
          b: false,
          c: false,
          d: false,
          e: false,
          f: false,
          g: false,
          h: false,
          i: false,
          j: true,
        },
        "01 02",
      ],
    ],
  ),
  vectors("own", own(), [[bytes(0xde, 0xad, 0xbe, 0xef), "04 de ad be ef"]]),
  vectors("borrow", borrow(), [[bytes(0xde, 0xad), "02 de ad"]]),
  vectors("broker-message", brokerMessage, [
    [
      { subject: "orders.new", body: text("hello"), replyTo: undefined },
      "0a 6f 72 64 65 72 73 2e 6e 65 77 05 68 65 6c 6c 6f 00",
    ],
    [
      { subject: "orders.new", body: text("hello"), replyTo: "_INBOX.r1" },
      "0a 6f 72 64 65 72 73 2e 6e 65 77 05 68 65 6c 6c 6f 01 09 5f 49 4e 42 4f 58 2e 72 31",
    ],
    [{ subject: "a", body: bytes(), replyTo: undefined }, "01 61 00 00"],
  ]),
  vectors("parameters of request", tuple(string, list(u8), u32), [
    [
      ["svc.echo", text("ping"), 2000],
      "08 73 76 63 2e 65 63 68 6f 04 70 69 6e 67 d0 0f",
    ],
  ]),
];

describe("the vectors of wRPC 0.0.1", () => {
  for (const [name, type, pairs] of table)
    it(name, () => {
      for (const [value, encoded] of pairs) {
        const wire = hex(encoded);
        assert.deepEqual(encode(type, value), wire);
        assert.deepEqual(decode(type, wire), value);
        // A Buffer is what the network gives; its views must not come out as Buffers.
        assert.deepEqual(decode(type, Buffer.from(wire)), value);
        for (let cut = 0; cut <= wire.length; cut++)
          assert.deepEqual(
            inPieces(type, [wire.subarray(0, cut), wire.subarray(cut)]),
            value,
            `cut at ${cut}`,
          );
        assert.deepEqual(
          inPieces(
            type,
            Array.from(wire, (byte) => bytes(byte)),
          ),
          value,
          "byte by byte",
        );
      }
    });
});

describe("a truncated value", () => {
  for (const [name, type, pairs] of table)
    it(`is told as such: ${name}`, () => {
      for (const [, encoded] of pairs) {
        const wire = hex(encoded);
        for (let cut = 0; cut < wire.length; cut++)
          assert.throws(() => decode(type, wire.subarray(0, cut)), {
            code: "WRPC_VALUE_TRUNCATED",
            message: `value: ended after ${cut} bytes, before it was complete. Check that both sides use the same version of the interface.`,
          });
      }
    });
});

function inPieces(type: Type<unknown>, pieces: readonly Uint8Array[]): unknown {
  const decoder = new Decoder(type);
  for (const piece of pieces) decoder.push(piece);
  return decoder.end();
}
