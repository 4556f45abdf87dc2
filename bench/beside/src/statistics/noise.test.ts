import assert from "node:assert/strict";
import { test } from "node:test";

import { compare, mannWhitney } from "./noise.js";

test("the chance of such ranks is that of the tables", () => {
  const low = [1, 2, 3, 4];
  assert.equal(mannWhitney(low, [5, 6, 7, 8]), 2 / 70);
  assert.equal(mannWhitney([5, 6, 7, 8], low), 2 / 70);
  assert.equal(mannWhitney([1, 2, 3], [4, 5, 6]), 0.1);
  // U = 1: two of 70 orders at each end.
  assert.equal(mannWhitney([1, 2, 3, 5], [4, 6, 7, 8]), 4 / 70);
  assert.equal(mannWhitney(low, low), 1);
  assert.equal(mannWhitney([], low), 1);
});

test("only what both ranks and medians say is no noise", () => {
  assert.equal(compare([10, 11, 12, 13], [20, 21, 22, 23]), "less");
  assert.equal(compare([20, 21, 22, 23], [10, 11, 12, 13]), "more");
  // Runs that overlap, however far the medians are apart.
  assert.equal(compare([10, 11, 12, 30], [20, 21, 22, 23]), "noise");
  // Ranks that are clear, and medians that are near.
  assert.equal(compare([100, 101, 102, 103], [105, 106, 107, 108]), "noise");
  // Three runs can always be chance.
  assert.equal(compare([1, 1, 1], [9, 9, 9]), "noise");
});
