import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import * as testkit from "./index.js";

const folder = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(`${folder}/README.md`, "utf8");
const provider = fileURLToPath(
  new URL("host/plain-provider.test.fixture.js", import.meta.url),
);

const examples = [
  ...readme.matchAll(/```js\n([^]*?)```\n\n```text\n([^]*?)```/g),
];

test("there are examples for the three chapters", () => {
  assert.equal(examples.length, 3);
});

for (const [, code = "", output] of examples)
  test(`the example with ${/import \{ ([^}]*) \} from "@keyturn/.exec(code)?.[1]}`, async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module", "--eval", code],
      {
        cwd: folder,
        env: { ...process.env, PROVIDER: provider },
        timeout: 30_000,
        killSignal: "SIGKILL",
      },
    );
    // With coverage a provider is given time, and ends in peace.
    if (process.env["NODE_V8_COVERAGE"] === undefined)
      assert.equal(stdout, output);
  });

test("what the README names is there", () => {
  const named = new Set(
    [...readme.matchAll(/`(?:await using server = await )?(\w+)\(/g)].map(
      ([, name]) => name as string,
    ),
  );
  // Methods of what is exported only as a type stand in its declaration.
  const declared = declarations().match(/\b\w+(?=[(<])/g) ?? [];
  const there = new Set([...Object.keys(testkit), ...declared]);
  assert.deepEqual(
    [...named].filter((name) => !there.has(name)),
    [],
  );
});

function declarations(): string {
  const dist = `${folder}/dist`;
  return readdirSync(dist, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".d.ts") && !file.includes(".test."))
    .map((file) => readFileSync(`${dist}/${file}`, "utf8"))
    .join("\n");
}
