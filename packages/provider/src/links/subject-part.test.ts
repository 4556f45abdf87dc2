import assert from "node:assert/strict";
import { test } from "node:test";

import { isSubjectPart } from "./subject-part.js";

test("takes ids, and refuses what is protocol or reaches strangers", () => {
  for (const id of ["echo", "my_app-echo", "a.b", "é", "x".repeat(256)])
    assert.ok(isSubjectPart(id), id);
  for (const id of [
    "",
    "a b",
    "a\tb",
    "a\r\nPUB x",
    "a\0",
    "a*",
    ">",
    ".a",
    "a.",
    "a..b",
    "\u007f",
    "\u00a0",
    "x".repeat(257),
  ])
    assert.ok(!isSubjectPart(id), JSON.stringify(id));
});
