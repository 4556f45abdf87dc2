import assert from "node:assert/strict";
import { test } from "node:test";

import { RateLimit } from "./rate-limit.js";

test("lets one of a kind through per interval, and counts the others", () => {
  const limit = new RateLimit(100);
  assert.equal(limit.pass("a", 1_000), 0);
  assert.equal(limit.pass("a", 1_050), undefined);
  assert.equal(limit.pass("a", 1_099), undefined);
  assert.equal(limit.pass("b", 1_050), 0);
  assert.equal(limit.pass("a", 1_100), 2);
  assert.equal(limit.pass("a", 1_300), 0);
});
