import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import { Secret } from "../secret/secret.js";
import { Fields } from "./fields.js";
import {
  asBytes,
  asSecret,
  asSkipped,
  onlyFields,
  type Handling,
} from "./handling.js";
import { JsonError, showPath } from "./json-error.js";
import { parseJson, type JsonObject, type JsonValue } from "./parse-json.js";

const utf8 = new TextEncoder();

function parse(text: string, handling?: Handling): JsonValue {
  return parseJson(utf8.encode(text), handling);
}

function refusal(text: string | Uint8Array, handling?: Handling): string {
  try {
    parseJson(typeof text === "string" ? utf8.encode(text) : text, handling);
  } catch (error) {
    assert.ok(error instanceof JsonError, String(error));
    return error.message;
  }
  return assert.fail("was accepted");
}

/** With ordinary prototypes, as `JSON.parse` makes them. */
function plain(value: JsonValue): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

function property(value: JsonValue, key: string): JsonValue | undefined {
  return (value as JsonObject)[key];
}

describe("parseJson", () => {
  test("reads what JSON.parse reads", () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: "binary" }), (text) => {
        assert.deepEqual(plain(parse(text)), JSON.parse(text));
      }),
    );
  });

  test("reads pretty-printed text and every kind of escape", () => {
    const value = { a: [1, -0.5, 1e21, true, null], 'q"\\/': "\b\f\n\r\té€😀" };
    const text = JSON.stringify(value, null, "\t").replace(
      "é€😀",
      "\\u00e9\\u20AC\\ud83d\\uDE00\\/",
    );
    assert.deepEqual(plain(parse(text)), {
      ...value,
      'q"\\/': "\b\f\n\r\té€😀/",
    });
  });

  test("refuses whatever JSON.parse refuses", () => {
    const damaged = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.constantFrom("", "{", "]", '"', ",", "1", "\\", "\u0001"),
      )
      .map(([text, at, put]) => {
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + put + text.slice(cut + 1);
      });
    fc.assert(
      fc.property(damaged, (text) => {
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          refusal(text);
          return;
        }
        try {
          assert.deepEqual(plain(parse(text)), plain(expected as JsonValue));
        } catch (error) {
          // Stricter on purpose: duplicate keys.
          if (!(error instanceof JsonError)) throw error;
          assert.match(error.message, /^a second value for one key/);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("says what is wrong and where, and not what it read", () => {
    const cases: [string | Uint8Array, string][] = [
      ["", "a value expected at byte 0"],
      ["nul", "a value expected at byte 0"],
      ['{"a":01}', "a value expected at byte 5 in `a`"],
      ['{"a":-}', "a value expected at byte 5 in `a`"],
      ["[1,]", "a value expected at byte 3 in `[1]`"],
      ['{"a":1,}', "a key expected at byte 7"],
      ['{"a" 1}', "a colon expected at byte 5"],
      ["[1 2]", "a comma or closing bracket expected at byte 3"],
      ["1 2", "the end expected at byte 2"],
      ['"abc', "a string without end at byte 4"],
      ['"abc\\', "a string without end at byte 5"],
      ['"a\nb"', "a control character in a string at byte 2"],
      ['"\\x"', "an invalid escape in the string at byte 1"],
      ['"\\u12g4"', "an invalid escape in the string at byte 1"],
      ['"\\ud83d"', "an invalid escape in the string at byte 1"],
      ['"\\ud83d\\u0041"', "an invalid escape in the string at byte 1"],
      ['"\\udc00"', "an invalid escape in the string at byte 1"],
      ['"\\udc00\\udc00"', "an invalid escape in the string at byte 1"],
      ['{"a":{"b":1,"b":2}}', "a second value for one key at byte 15 in `a.b`"],
      [
        '{"__proto__":1,"__proto__":2}',
        "a second value for one key at byte 26 in `__proto__`",
      ],
      [Uint8Array.of(0x22, 0xff, 0x22), "it is not UTF-8"],
      [Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), "it is not UTF-8"],
      [
        "[".repeat(65),
        "nested too deeply at byte 64 in `" + "[0]".repeat(64) + "`",
      ],
    ];
    for (const [text, message] of cases) assert.equal(refusal(text), message);
    assert.equal(
      refusal(
        `{"SUAOOPSASEEDASAKEYSUAOOPSASEEDASAKEYSUAOOPSASEEDASAKEYXX58":}`,
      ),
      "a value expected at byte 62 in `?`",
    );
    parse("[".repeat(64) + "]".repeat(64));
  });

  test("__proto__ and constructor are keys like any other", () => {
    const value = parse('{"__proto__":{"polluted":1},"constructor":2}');
    assert.equal(Object.getPrototypeOf(value), null);
    assert.deepEqual(Object.keys(value as JsonObject), [
      "__proto__",
      "constructor",
    ]);
    assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  });

  test("secret strings come as their UTF-8 bytes, whatever the escapes", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.boolean(),
        (text, escape) => {
          let json = JSON.stringify(text);
          if (escape)
            json = json.replace(/[^\x20-\x7e]/g, (unit) => {
              return "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0");
            });
          const secret = parse(json, asSecret);
          assert.ok(secret instanceof Secret);
          secret.use((bytes) => assert.deepEqual(bytes, utf8.encode(text)));
        },
      ),
    );
  });

  test("secret byte arrays come as bytes; other arrays show nothing", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom(0, 1), (bytes, indent) => {
        const json = JSON.stringify(Array.from(bytes), null, indent);
        const secret = parse(json, asSecret);
        assert.ok(secret instanceof Secret);
        secret.use((read) => assert.deepEqual(read, bytes));
        assert.deepEqual(parse(json, asBytes), bytes);
      }),
    );
    for (const text of [
      "[256]",
      "[-1]",
      "[1.5]",
      "[1e1]",
      '["SEED"]',
      "[[1]]",
      "[{}]",
    ])
      assert.deepEqual(parse(text, asSecret), [], text);
    for (const text of ["[1,]", "[,1]", "[1 2]", "[01]", "[1", "[,]"])
      refusal(text, asSecret);
  });

  test("a refusal wipes the secrets read until then", (context) => {
    const wipe = context.mock.method(Secret.prototype, "wipe");
    refusal('["A","B",x]', { as: "value", item: asSecret });
    assert.equal(wipe.mock.callCount(), 2);
  });

  test("skipped parts are checked all the same", () => {
    assert.equal(
      refusal('{"else":{"a":[1,2}}', onlyFields({})),
      "a comma or closing bracket expected at byte 17 in `else.?`",
    );
    assert.equal(parse('{"a":[1,"x",{"b":null}]}', asSkipped), null);
  });

  test("the input may be a view into a larger buffer", () => {
    const bytes = Buffer.from('xx{"a":"S"}yy').subarray(2, -2);
    const secret = property(parseJson(bytes, asSecret), "a");
    assert.ok(secret instanceof Secret);
    bytes.fill(0);
    assert.equal(secret.revealText(), "S");
  });
});

describe("showPath", () => {
  test("shows names and indexes, and hides what does not look like a name", () => {
    assert.equal(showPath(["a", 2, "b-c"]), "a[2].b-c");
    assert.equal(showPath(["x".repeat(49), "a b", ""]), "?.?.?");
  });
});

describe("Fields", () => {
  const fields = new Fields(
    parse(
      '{"t":"x","n":1,"f":1.5,"neg":-1,"b":true,"nul":null,"l":["a",1],"s":"x","o":{}}',
      {
        as: "value",
        child: (key) => (key === "s" ? asSecret : { as: "value" }),
      },
    ),
    ["top"],
  );

  test("reads each type, and takes null as absent", () => {
    assert.equal(fields.text("t", "-"), "x");
    assert.equal(fields.text("nul", "-"), "-");
    assert.equal(fields.text("absent", "-"), "-");
    assert.equal(fields.count("n", 0), 1);
    assert.equal(fields.boolean("b", false), true);
    assert.equal(fields.secret("s")?.revealText(), "x");
    assert.deepEqual(fields.object("nul").names(), []);
  });

  test("refuses a wrong type by path and types only", () => {
    const refused = (read: () => unknown, message: string): void =>
      assert.throws(read, { name: "JsonError", message });
    refused(
      () => fields.text("n", ""),
      "`top.n` must be a string, not a number",
    );
    refused(() => fields.count("f", 0), "`top.f` must be a whole number");
    refused(() => fields.count("neg", 0), "`top.neg` must be a whole number");
    refused(
      () => fields.count("t", 0),
      "`top.t` must be a whole number, not a string",
    );
    refused(
      () => fields.boolean("t", false),
      "`top.t` must be a boolean, not a string",
    );
    refused(() => fields.secret("n"), "`top.n` must be a string, not a number");
    refused(
      () => fields.bytes("l"),
      "`top.l` must be an array of integers 0 to 255",
    );
    refused(
      () => fields.bytes("t"),
      "`top.t` must be an array of integers 0 to 255, not a string",
    );
    refused(
      () => fields.texts("l"),
      "`top.l[1]` must be a string, not a number",
    );
    refused(() => fields.list("o"), "`top.o` must be an array, not an object");
    refused(
      () => fields.object("s"),
      "`top.s` must be an object, not a string",
    );
    refused(
      () => fields.textOrSecret("n"),
      "`top.n` must be a string, not a number",
    );
    refused(() => new Fields(null), "the whole must be an object, not null");
  });
});
