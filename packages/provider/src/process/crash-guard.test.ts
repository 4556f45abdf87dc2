import assert from "node:assert/strict";
import { test } from "node:test";

import { describeCrash } from "./crash-guard.js";

test("a crash is told by class, code and places; never by what was said", () => {
  const error = Object.assign(new RangeError("SUACANARY\n    at SUACANARY"), {
    code: "ERR_X",
  });
  const text = describeCrash(error);
  assert.match(
    text,
    /^RangeError \(ERR_X\) at .*crash-guard\.test\.[jt]s:\d+:\d+\)?, at /,
  );
  assert.ok(!text.includes("SUACANARY"));

  const bare = new Error("SUACANARY");
  delete bare.stack;
  bare.name = "SUACANARY";
  Object.assign(bare, { code: "SUACANARY secret" });
  assert.equal(describeCrash(bare), "Error");
  assert.equal(describeCrash("SUACANARY"), "a thrown string");
  assert.equal(describeCrash(undefined), "a thrown undefined");
});

test("a line of a message that looks like a frame is not shown", () => {
  const text = describeCrash(new Error("x\n    at SUACANARY (a:1:2)"));
  assert.ok(!text.includes("SUACANARY"), text);
});
