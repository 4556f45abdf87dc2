import assert from "node:assert/strict";
import { test } from "node:test";

import { defaultRetry, retryDelay } from "./retry.js";

test("pauses double up to the longest, and random shortens them by up to half", () => {
  const longest = [1, 2, 3, 7, 8, 2_000].map((attempts) =>
    retryDelay(attempts, defaultRetry, () => 0),
  );
  assert.deepEqual(longest, [500, 1_000, 2_000, 30_000, 30_000, 30_000]);
  assert.equal(
    retryDelay(1, defaultRetry, () => 1),
    250,
  );
  assert.equal(
    retryDelay(2_000, defaultRetry, () => 1),
    15_000,
  );
});
