import assert from "node:assert/strict";
import { test } from "node:test";

import { cpuSeconds, handles, memoryMiB, ticksOf } from "./process-figures.js";

test("ticks are found behind a name that holds blanks and brackets", () => {
  const stat = "42 (a) S 1 (b)) R 1 42 42 0 -1 4194304 9 0 0 0 120 30 7 7 20 0";
  assert.equal(ticksOf(stat), 150);
});

test("the figures of this process are near what Node.js says", () => {
  const { user, system } = process.cpuUsage();
  assert.ok(Math.abs(cpuSeconds(process.pid) - (user + system) / 1e6) < 0.5);
  const resident = process.memoryUsage.rss() / 2 ** 20;
  assert.ok(Math.abs(memoryMiB(process.pid, "VmRSS") - resident) < 50);
  assert.ok(memoryMiB(process.pid, "VmHWM") >= resident - 50);
  assert.ok(handles(process.pid) > 3);
});
