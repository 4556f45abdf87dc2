import assert from "node:assert/strict";
import { test } from "node:test";

import { nearest } from "./nearest.js";

const known = ["put", "get", "history", "rekey"];

test("the word that was probably meant is found by letter case and few edits, and no other", () => {
  for (const [word, expected] of [
    ["PUT", "put"],
    ["hystory", "history"],
    ["gte", "get"],
    ["teg", undefined],
    ["gett", "get"],
    ["rekeys", "rekey"],
    ["", undefined],
    ["something-else", undefined],
    ["x".repeat(100_000), undefined],
  ] as const)
    assert.equal(nearest(word, known), expected, word.slice(0, 20));
});
