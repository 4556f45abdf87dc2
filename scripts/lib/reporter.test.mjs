import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { root } from "./workspace.mjs";

/** Runs test files of the given content with the reporter. */
function run(files) {
  const folder = mkdtempSync(join(tmpdir(), "keyturn-reporter-"));
  try {
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(folder, name), content);
    }
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { stdout, status } = spawnSync(
      process.execPath,
      [
        "--test",
        "--test-timeout=3000",
        `--test-reporter=${pathToFileURL(join(root, "scripts/lib/reporter.mjs"))}`,
        ...Object.keys(files),
      ],
      {
        cwd: folder,
        env: { ...env, KEYTURN_TEST_SUMMARY: join(folder, "summary") },
        encoding: "utf8",
      },
    );
    const summary = readFileSync(join(folder, "summary"), "utf8");
    return { stdout, status, sum: JSON.parse(summary) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const imports = `
  import { describe, test } from "node:test";
  import assert from "node:assert/strict";
`;

test("passes and skips are counted, suites are not", () => {
  const { stdout, status, sum } = run({
    "a.test.mjs": `${imports}
      describe("suite", () => { test("one", () => {}); test("two", { skip: true }, () => {}); });
      test("three", () => {});`,
  });
  assert.equal(status, 0, stdout);
  assert.deepEqual(sum, { passed: 2, failed: 0, skipped: 1, files: 1 });
  assert.match(stdout, /✔ a\.test {2}2 passed, 1 skipped/);
  assert.match(stdout, /\n2 passed, 0 failed, 1 skipped in 1 files/);
});

test("a failure is shown with its path of names, its error and what the file printed", () => {
  const { stdout, status, sum } = run({
    "a.test.mjs": `${imports}
      console.log("a hint");
      describe("suite", () => { test("one", () => assert.equal(1, 2, "one is not two")); });`,
  });
  assert.notEqual(status, 0);
  assert.deepEqual(sum, { passed: 0, failed: 1, skipped: 0, files: 1 });
  assert.match(stdout, /✖ suite › one/);
  assert.match(stdout, /one is not two/);
  assert.match(stdout, /It printed:\n +a hint/);
});

test("a file that ends badly, hangs or throws after its tests counts as a failure", () => {
  const { stdout, status, sum } = run({
    "exits.test.mjs": "process.exit(3);",
    "hangs.test.mjs": "setInterval(() => {}, 1000);",
    "late.test.mjs": `${imports}
      test("one", () => {}); setTimeout(() => { throw new Error("too late"); }, 50);`,
  });
  assert.notEqual(status, 0);
  assert.equal(sum.failed, 3, stdout);
  assert.match(stdout, /✖ the file itself[^]*exit code 3/);
  assert.match(stdout, /test timed out after 3000ms/);
  assert.match(stdout, /too late/);
});
