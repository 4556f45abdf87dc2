import assert from "node:assert/strict";
import { test } from "node:test";

import { reconnectDelays } from "./reconnect-delays.js";

const failed = { type: "dialFailed", error: undefined } as const;

/** The longest of many pauses drawn for one state. */
function longest(next: () => number): number {
  return Math.max(...Array.from({ length: 400 }, next));
}

test("the first dial after a steady connection comes at once", () => {
  let now = 0;
  const { next, onChange } = reconnectDelays(() => now);
  onChange({ type: "connected" });
  now += 5000;
  assert.equal(next(), 0);
});

test("pauses double up to two seconds, with jitter", () => {
  const { next, onChange } = reconnectDelays();
  for (const limit of [100, 200, 400, 800, 1600, 2000, 2000]) {
    onChange({ ...failed, isRefusal: false });
    const most = longest(next);
    assert.ok(most > limit * 0.8 && most <= limit, `${most} of ${limit}`);
  }
});

test("a refused credential is presented less often, a new one at once", () => {
  const { next, onChange } = reconnectDelays();
  for (let i = 0; i < 12; i++) onChange({ ...failed, isRefusal: true });
  const most = longest(next);
  assert.ok(most > 3200 && most <= 4000, String(most));
  onChange({ type: "refreshed", publicKey: undefined, source: "x" });
  assert.equal(next(), 0);
});

test("a server that cuts each connection a moment after it stands is not dialled in a loop", () => {
  let now = 0;
  const { next, onChange } = reconnectDelays(() => now);
  let most = 0;
  for (let i = 0; i < 8; i++) {
    onChange({ type: "connected" });
    now += 10;
    most = Math.max(most, longest(next));
  }
  assert.ok(most > 1600, String(most));
});
