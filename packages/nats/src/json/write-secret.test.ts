import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { jsonByteArray, jsonString } from "./write-secret.js";

test("what is written is what JSON.parse reads", () => {
  const written = (text: string): void => {
    const json = Buffer.from(jsonString(Buffer.from(text))).toString();
    assert.equal(JSON.parse(json), text);
  };
  fc.assert(fc.property(fc.string({ unit: "binary" }), written));
  for (let code = 0; code < 128; code++)
    written(`a${String.fromCharCode(code)}b`);
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (const bytes of [all, new Uint8Array(0)])
    assert.equal(
      Buffer.from(jsonByteArray(bytes)).toString(),
      JSON.stringify([...bytes]),
    );
});
