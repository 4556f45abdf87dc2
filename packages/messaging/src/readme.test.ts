import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const folder = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(`${folder}/README.md`, "utf8");

test("the example prints what stands below it", async () => {
  const [, code = "", output] =
    /```js\n([^]*?)```\n\n```text\n([^]*?)```/.exec(readme) ?? [];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", code],
    { cwd: folder },
  );
  assert.equal(stdout, output);
});

test("the version that it shows is this one", () => {
  const [, shown] = /keyturn-messaging --version\n(.*)\n/.exec(readme) ?? [];
  const manifest = readFileSync(`${folder}/package.json`, "utf8");
  assert.equal(shown, (JSON.parse(manifest) as { version: string }).version);
});

test("the events that it lists are those that there are", () => {
  const source = readFileSync(
    `${folder}/src/events/messaging-events.ts`,
    "utf8",
  );
  const types = source.slice(source.indexOf("type:"), source.indexOf("level:"));
  const declared = [...types.matchAll(/\| "([a-z-]+)"/g)].map(
    ([, type]) => type,
  );
  const listed = [...readme.matchAll(/`([a-z-]+)`/g)].map(([, type]) => type);
  assert.ok(declared.length > 5);
  assert.deepEqual(
    declared.filter((type) => !listed.includes(type)),
    [],
  );
});
