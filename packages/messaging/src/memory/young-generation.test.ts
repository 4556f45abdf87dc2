import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

const bound = `
  const { keepYoungGenerationSmall } = await import(${JSON.stringify(import.meta.resolve("./young-generation.js"))});
  keepYoungGenerationSmall();`;

/** What survives makes V8's young generation grow, turn by turn; prints its size in MiB. */
const churn = `
  const { getHeapSpaceStatistics } = await import("node:v8");
  const { setImmediate: turn } = await import("node:timers/promises");
  let kept = [];
  for (let i = 0; i < 800; i++) {
    kept.push(Array.from({ length: 500 }, () => ({ i, text: [i] })));
    if (kept.length > 300) kept = [];
    await turn();
  }
  const young = getHeapSpaceStatistics().find((space) => space.space_name === "new_space");
  console.log(Math.round((young.space_used_size + young.space_available_size) / 1024 / 1024));`;

async function sizeAfter(script: string): Promise<number> {
  const args = ["--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}

test("the young generation grows to 2 MiB and stays there", async () => {
  assert.equal(await sizeAfter(bound + churn), 2);
  assert.ok((await sizeAfter(churn)) > 2);
});
