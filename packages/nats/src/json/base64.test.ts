import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { decodeBase64 } from "./base64.js";

const ascii = new TextEncoder();

test("decodes what Buffer encodes", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = ascii.encode(Buffer.from(bytes).toString("base64"));
      assert.deepEqual(decodeBase64(text), bytes);
    }),
  );
});

test("refuses what is not standard base64 with padding", () => {
  for (const text of [
    "QQ",
    "QQ=",
    "Q===",
    "====",
    "Q=Q=",
    "QUJ-",
    "QU_D",
    "QU JD",
    "QUI=QUI=",
    "QUJDé",
  ])
    assert.equal(decodeBase64(ascii.encode(text)), undefined, text);
});
