import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Decoder, decode } from "./decode.js";
import {
  bool,
  char,
  enumeration,
  f32,
  f64,
  flags,
  future,
  list,
  option,
  own,
  record,
  result,
  s16,
  s32,
  s64,
  s8,
  stream,
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

const brokerMessage = record({
  subject: string,
  body: list(u8),
  replyTo: option(string),
});
const eitherOr = variant({ none: undefined, number: u32 });

describe("encode refuses", () => {
  const rows: readonly [AnyType, unknown, string][] = [
    [bool, 1, "value: expected a boolean, got a number."],
    [u8, 256, "value: expected u8 (0 to 255), got a number out of range."],
    [u8, -1, "value: expected u8 (0 to 255), got a number out of range."],
    [u8, 1.5, "value: expected u8 (0 to 255), got a number that is not whole."],
    [u8, NaN, "value: expected u8 (0 to 255), got a number that is not whole."],
    [u8, "1", "value: expected u8 (0 to 255), got a string."],
    [s8, 128, "value: expected s8 (-128 to 127), got a number out of range."],
    [s8, -129, "value: expected s8 (-128 to 127), got a number out of range."],
    [
      u16,
      65536,
      "value: expected u16 (0 to 65535), got a number out of range.",
    ],
    [
      s16,
      -32769,
      "value: expected s16 (-32768 to 32767), got a number out of range.",
    ],
    [
      u32,
      2 ** 32,
      "value: expected u32 (0 to 4294967295), got a number out of range.",
    ],
    [u32, 1n, "value: expected u32 (0 to 4294967295), got a bigint."],
    [
      s32,
      2 ** 31,
      "value: expected s32 (-2147483648 to 2147483647), got a number out of range.",
    ],
    [u64, 1, "value: expected a bigint (u64), got a number."],
    [
      u64,
      -1n,
      "value: expected u64 (0 to 18446744073709551615), got a bigint out of range.",
    ],
    [
      u64,
      2n ** 64n,
      "value: expected u64 (0 to 18446744073709551615), got a bigint out of range.",
    ],
    [
      s64,
      2n ** 63n,
      "value: expected s64 (-9223372036854775808 to 9223372036854775807), got a bigint out of range.",
    ],
    [
      s64,
      -(2n ** 63n) - 1n,
      "value: expected s64 (-9223372036854775808 to 9223372036854775807), got a bigint out of range.",
    ],
    [f32, 1e300, "value: expected f32, got a number out of range."],
    [f64, "1", "value: expected a number (f64), got a string."],
    [char, "", "value: expected a char, got a string of another length."],
    [char, "ab", "value: expected a char, got a string of another length."],
    [char, "\ud800", "value: expected a char, got a lone surrogate."],
    [char, 97, "value: expected a char, got a number."],
    [
      string,
      "a\udc00b",
      "value: expected a string, got a string with a lone surrogate.",
    ],
    [
      string,
      `${"x".repeat(100)}\ud800`,
      "value: expected a string, got a string with a lone surrogate.",
    ],
    [string, null, "value: expected a string, got null."],
    [unit, 1, "value: expected undefined, got a number."],
    [list(u8), [1, 2], "value: expected a Uint8Array, got an array."],
    [
      list(u8),
      new Uint16Array(1),
      "value: expected a Uint8Array, got an object.",
    ],
    [
      list(u32),
      new Uint8Array(1),
      "value: expected an array, got a Uint8Array.",
    ],
    [
      list(u32),
      [1, "2"],
      "value[1]: expected u32 (0 to 4294967295), got a string.",
    ],
    [own(), "x", "value: expected a Uint8Array, got a string."],
    [option(string), null, "value: expected a string, got null."],
    [
      option(option(u8)),
      undefined,
      'value: expected { tag: "some" | "none" }.',
    ],
    [
      option(option(u8)),
      { tag: "some", val: "x" },
      "value.val: expected u8 (0 to 255), got a string.",
    ],
    [result(u32), { tag: "okay" }, 'value: expected { tag: "ok" | "err" }.'],
    [
      result(u32),
      { tag: "ok" },
      "value.ok: expected u32 (0 to 4294967295), got undefined.",
    ],
    [
      result(u32),
      { tag: "err", val: 1 },
      "value.err: expected no payload, got a number.",
    ],
    [result(u32), undefined, 'value: expected { tag: "ok" | "err" }.'],
    [tuple(u8, u8), [1], "value: expected 2 elements, got 1."],
    [
      tuple(u8, u8),
      [1, 300],
      "value[1]: expected u8 (0 to 255), got a number out of range.",
    ],
    [tuple(u8), {}, "value: expected an array, got an object."],
    [brokerMessage, [], "value: expected an object, got an array."],
    [
      brokerMessage,
      { subject: "a" },
      "value.body: expected a Uint8Array, got undefined.",
    ],
    [
      list(brokerMessage),
      [{ subject: "a", body: new Uint8Array(1), replyTo: 1 }],
      "value[0].replyTo: expected a string, got a number.",
    ],
    [eitherOr, { tag: "both" }, 'value: expected { tag: "none" | "number" }.'],
    [eitherOr, "none", 'value: expected { tag: "none" | "number" }.'],
    [
      eitherOr,
      { tag: "number", val: 1.5 },
      "value.number: expected u32 (0 to 4294967295), got a number that is not whole.",
    ],
    [
      eitherOr,
      { tag: "none", val: 1 },
      "value.none: expected no payload, got a number.",
    ],
    [enumeration(["a", "b"]), "c", 'value: expected "a" | "b".'],
    [enumeration(["a", "b"]), 0, 'value: expected "a" | "b".'],
    [flags(["a", "b"]), { b: 1 }, "value.b: expected a boolean, got a number."],
    [flags(["a", "b"]), ["a"], "value: expected an object, got an array."],
  ];
  for (const [type, value, message] of rows)
    it(`${type.kind}: ${message}`, () => {
      assert.throws(() => encode(type, value), {
        name: "WrpcError",
        code: "WRPC_VALUE_INVALID",
        message: `${message} Correct the value at the path that the message names.`,
      });
      // A refused value leaves nothing behind.
      assert.deepEqual(encode(u8, 7), Uint8Array.of(7));
    });

  it("passes on what a getter throws, and is unharmed", () => {
    const thrown = new Error("from the getter");
    const value = {
      subject: "a",
      get body(): Uint8Array {
        throw thrown;
      },
    };
    assert.throws(() => encode(brokerMessage, value), thrown);
    assert.deepEqual(encode(u8, 7), Uint8Array.of(7));
  });

  it("is unharmed by a getter that encodes", () => {
    const value = {
      get subject(): string {
        return String(encode(u8, 7)[0]);
      },
      body: Uint8Array.of(1),
    };
    assert.deepEqual(
      encode(brokerMessage, value),
      Uint8Array.of(1, 0x37, 1, 1, 0),
    );
  });
});

describe("decode refuses", () => {
  const rows: readonly [AnyType, string, string][] = [
    [bool, "02", "value: a bool that is neither 0 nor 1."],
    [u16, "80 80 04", "value: a LEB128 number beyond 16 bits."],
    [u16, "80 80 80 00", "value: a LEB128 number beyond 16 bits."],
    [u16, "80 00", "value: a LEB128 number in an over-long form."],
    [s16, "80 80 02", "value: a LEB128 number beyond 16 bits."],
    [s16, "80 80 7d", "value: a LEB128 number beyond 16 bits."],
    [s16, "80 80 80", "value: a LEB128 number beyond 16 bits."],
    [s16, "ff 7f", "value: a LEB128 number in an over-long form."],
    [s16, "80 00", "value: a LEB128 number in an over-long form."],
    [u32, "80 80 80 80 10", "value: a LEB128 number beyond 32 bits."],
    [u32, "ff ff ff ff 1f", "value: a LEB128 number beyond 32 bits."],
    [u32, "80 80 80 80 80 00", "value: a LEB128 number beyond 32 bits."],
    [u32, "80 80 00", "value: a LEB128 number in an over-long form."],
    [s32, "80 80 80 80 08", "value: a LEB128 number beyond 32 bits."],
    [s32, "80 80 80 80 77", "value: a LEB128 number beyond 32 bits."],
    [s32, "ff ff 7f", "value: a LEB128 number in an over-long form."],
    [
      u64,
      "80 80 80 80 80 80 80 80 80 02",
      "value: a LEB128 number beyond 64 bits.",
    ],
    [
      u64,
      "80 80 80 80 80 80 80 80 80 81 00",
      "value: a LEB128 number beyond 64 bits.",
    ],
    [u64, "80 00", "value: a LEB128 number in an over-long form."],
    [
      s64,
      "80 80 80 80 80 80 80 80 80 01",
      "value: a LEB128 number beyond 64 bits.",
    ],
    [
      s64,
      "80 80 80 80 80 80 80 80 80 7e",
      "value: a LEB128 number beyond 64 bits.",
    ],
    [s64, "ff 7f", "value: a LEB128 number in an over-long form."],
    [char, "80", "value: a char that is not UTF-8."],
    [char, "ed a0 80", "value: a char that is not UTF-8."],
    [char, "f4 90 80 80", "value: a char that is not UTF-8."],
    [char, "c0 80", "value: a char that is not UTF-8."],
    [char, "ff 80 80 80", "value: a char that is not UTF-8."],
    [string, "01 ff", "value: a string that is not UTF-8."],
    [string, "03 ed a0 80", "value: a string that is not UTF-8."],
    [string, "02 c0 80", "value: a string that is not UTF-8."],
    [string, "02 c3 28", "value: a string that is not UTF-8."],
    [string, `64 ${"61".repeat(99)}ff`, "value: a string that is not UTF-8."],
    [string, "80 00", "value: a LEB128 number in an over-long form."],
    [option(u8), "02", "value: an option that is neither 0 nor 1."],
    [result(u8), "02", "value: a result that is neither 0 nor 1."],
    [enumeration(["a", "b"]), "02", "value: an enum of 2 cases with case 2."],
    [eitherOr, "02", "value: a variant of 2 cases with case 2."],
    [flags(["a", "b", "c"]), "08", "value: flags with an unused bit set."],
    [flags(["a", "b", "c"]), "80", "value: flags with an unused bit set."],
    [
      brokerMessage,
      "01 61 00 02",
      "value.replyTo: an option that is neither 0 nor 1.",
    ],
    [
      list(brokerMessage),
      "02 01 61 00 00 01 ff",
      "value[1].subject: a string that is not UTF-8.",
    ],
    [
      result(list(tuple(u8, bool))),
      "00 01 07 03",
      "value.ok[0][1]: a bool that is neither 0 nor 1.",
    ],
    [
      variant({ a: undefined, b: option(option(bool)) }),
      "01 01 01 02",
      "value.b.val: a bool that is neither 0 nor 1.",
    ],
  ];
  for (const [type, hex, message] of rows)
    it(`${type.kind} ${hex.slice(0, 40)}: ${message}`, () => {
      const wire = Buffer.from(hex.replaceAll(" ", ""), "hex");
      const expected = {
        name: "WrpcError",
        code: "WRPC_VALUE_MALFORMED",
        message: `${message} Check that both sides use the same version of the interface.`,
      };
      assert.throws(() => decode(type, wire), expected);
      assert.throws(() => {
        const decoder = new Decoder(type);
        for (const byte of wire) decoder.push(Uint8Array.of(byte));
      }, expected);
    });

  it("bytes behind the value", () => {
    assert.throws(() => decode(u8, Uint8Array.of(1, 2)), {
      code: "WRPC_VALUE_MALFORMED",
      message:
        "value: 1 bytes behind the end of the value. Check that both sides use the same version of the interface.",
    });
  });

  it("but a decoder that takes portions ignores bytes behind the value", () => {
    const decoder = new Decoder(u8);
    assert.equal(decoder.push(Uint8Array.of(1, 2)), true);
    assert.equal(decoder.push(Uint8Array.of(3)), true);
    assert.equal(decoder.end(), 1);
  });

  it("and a decoder that has failed does not come back", () => {
    const decoder = new Decoder(bool);
    assert.throws(() => decoder.push(Uint8Array.of(2)));
    assert.equal(decoder.push(Uint8Array.of(1)), false);
    assert.throws(() => decoder.end(), { code: "WRPC_VALUE_TRUNCATED" });
  });
});

describe("types", () => {
  it("with streams or futures are refused when they are used", () => {
    for (const type of [stream(u8), record({ a: list(future(string)) })])
      for (const use of [
        () => encode(type as AnyType, {}),
        () => decode(type as AnyType, new Uint8Array(1)),
        () => new Decoder(type as AnyType),
      ])
        assert.throws(use, {
          code: "WRPC_TYPE_UNSUPPORTED",
          message:
            /^Values of type (stream|future) are not supported\. Use an interface without it\.$/,
        });
  });

  it("with impossible names are refused when they are described", () => {
    const rows: readonly [() => unknown, string][] = [
      [() => record({}), "Type record needs at least one name."],
      [() => record({ "1": u8 }), "`1` cannot be a name in type record."],
      [
        () => record(Object.fromEntries([["__proto__", u8]])),
        "`__proto__` cannot be a name in type record.",
      ],
      [
        () => enumeration(["a", "a"]),
        "A name is there twice in the names of type enum.",
      ],
      [() => variant({ "": u8 }), "`` cannot be a name in type variant."],
    ];
    for (const [describeIt, message] of rows)
      assert.throws(describeIt, {
        code: "WRPC_INTERFACE_INVALID",
        message: `${message} Correct the description in the code.`,
      });
  });
});
