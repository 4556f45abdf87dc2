import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { it } from "node:test";

import * as wrpc from "./index.js";
import { Lab } from "./testing/lab.test.js";
import * as values from "./values/index.js";

const folder = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(`${folder}/README.md`, "utf8");
const run = promisify(execFile);

/** The first block of code of a language. */
function block(language: string): string {
  const found = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(readme);
  assert.ok(found?.[1]);
  return found[1];
}

/** Cells of the table whose head begins with a word. */
function table(head: string): string[][] {
  const lines = readme.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${head} `));
  const length = lines.slice(start).indexOf("");
  return lines.slice(start + 2, start + length).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

it("the example of the README does what it says", async () => {
  await using lab = await Lab.start();
  const { stdout } = await run(
    process.execPath,
    ["--input-type=module", "--eval", block("js")],
    { cwd: folder, env: { ...process.env, NATS_URL: lab.server.url } },
  );
  assert.equal(stdout, block("text"));
});

it("the README lists the limits with their defaults", () => {
  const defaults = new Map(
    Object.entries({ ...wrpc, ...values })
      .filter(([name]) => name.startsWith("default"))
      .map(([name, value]) => [
        name.replace(/^default(.)/, (_, first: string) => first.toLowerCase()),
        (value as number).toLocaleString("en"),
      ]),
  );
  assert.deepEqual(
    new Map(
      table("Option").map(([name, , value]) => [name?.slice(1, -1), value]),
    ),
    defaults,
  );
});

it("the README lists the errors", () => {
  assert.deepEqual(
    table("Code"),
    Object.entries(wrpc.wrpcErrors).map(([code, { meaning }]) => [
      `\`${code}\``,
      meaning,
    ]),
  );
});
