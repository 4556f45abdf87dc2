import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

const here = new URL("young-generation.js", import.meta.url).href;

test("the young generation stays small while much is allocated", () => {
  const program = `
    import { getHeapSpaceStatistics } from "node:v8";
    import { keepYoungGenerationSmall } from ${JSON.stringify(here)};
    keepYoungGenerationSmall();
    let kept = [];
    for (let i = 0; i < 3e6; i++) {
      kept.push({ i, list: [i] });
      if (kept.length > 20_000) kept = [];
    }
    const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
    console.log(space.space_size);
  `;
  const args = ["--input-type=module", "--eval", program];
  const bytes = Number(
    execFileSync(process.execPath, args, { encoding: "utf8" }),
  );
  assert.ok(bytes > 0 && bytes <= 8 * 1024 * 1024, `${bytes} bytes`);
});
