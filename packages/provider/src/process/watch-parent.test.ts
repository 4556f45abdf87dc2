import assert from "node:assert/strict";
import { test } from "node:test";

import { until } from "@keyturn/testkit";

import { watchParent } from "./watch-parent.js";

test("tells once when the parent changes", async () => {
  let parent = 1;
  let gone = 0;
  const watch = watchParent(
    () => gone++,
    () => parent,
    1,
  );
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(gone, 0);
  parent = 42;
  await until("the news", 5_000, () => gone > 0);
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(gone, 1);
  watch.stop();
});
