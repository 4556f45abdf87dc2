import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { testFiles } from "./lib/test-files.mjs";
import {
  dependenciesAreInstalled,
  isAtLeast,
  removeStaleOutput,
} from "./setup.mjs";

let base;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "keyturn-setup-"));
});
afterEach(() => rmSync(base, { recursive: true }));

function write(path, content = "") {
  mkdirSync(dirname(join(base, path)), { recursive: true });
  writeFileSync(
    join(base, path),
    typeof content === "string" ? content : JSON.stringify(content),
  );
}

test("versions are compared by number, part by part", () => {
  assert.ok(isAtLeast("20.20.0", "20.20"));
  assert.ok(isAtLeast("22.1.0", "20.20"));
  assert.ok(isAtLeast("20.100.0", "20.20.1"));
  assert.ok(!isAtLeast("20.9.9", "20.20"));
  assert.ok(!isAtLeast("18.99.0", "20.20"));
});

describe("dependencies", () => {
  const lock = {
    packages: {
      "": { name: "x" },
      "node_modules/a": { version: "1.0.0", integrity: "sha512-a" },
      "node_modules/for-windows": { version: "1.0.0", optional: true },
      "node_modules/@keyturn/nats": { link: true, resolved: "packages/nats" },
      "packages/nats": { version: "0.1.0" },
    },
  };
  const installed = () => {
    const copy = structuredClone(lock);
    delete copy.packages[""];
    delete copy.packages["node_modules/for-windows"];
    return copy;
  };
  const check = (record) => {
    write("package-lock.json", lock);
    if (record) write("node_modules/.package-lock.json", record);
    return dependenciesAreInstalled(base);
  };

  test("are there when what is installed is what the lock says", () => {
    assert.equal(check(installed()), true);
  });
  test("are not there on a fresh clone", () => {
    assert.equal(check(undefined), false);
  });
  test("are not there when the lock has another version", () => {
    const record = installed();
    record.packages["node_modules/a"].version = "0.9.0";
    assert.equal(check(record), false);
  });
  test("are not there when a member of the workspace is not linked", () => {
    const record = installed();
    delete record.packages["node_modules/@keyturn/nats"];
    assert.equal(check(record), false);
  });
  test("are not there when something is installed that the lock does not have", () => {
    const record = installed();
    record.packages["node_modules/left-over"] = { version: "1.0.0" };
    assert.equal(check(record), false);
  });
});

test("compiled files whose source has gone are removed, others stay", () => {
  for (const file of ["keep.ts", "deep/keep.test.ts"]) write(`p/src/${file}`);
  for (const file of [
    "keep.js",
    "keep.js.map",
    "keep.d.ts",
    "deep/keep.test.js",
    "gone.js",
    "gone.d.ts",
    "deep/gone.test.js",
    "src.tsbuildinfo",
  ]) {
    write(`p/dist/${file}`);
  }
  removeStaleOutput(join(base, "p"));
  const there = (file) => existsSync(join(base, "p/dist", file));
  assert.ok(there("keep.js") && there("keep.js.map") && there("keep.d.ts"));
  assert.ok(there("deep/keep.test.js") && there("src.tsbuildinfo"));
  assert.ok(!there("gone.js") && !there("gone.d.ts"));
  assert.ok(!there("deep/gone.test.js"));
});

test("tests are found by their source", () => {
  write("package.json", { workspaces: ["packages/*", "examples/*"] });
  write("packages/a/package.json", {});
  write("packages/a/src/deep/one.test.ts");
  write("packages/a/src/deep/one.ts");
  write("packages/a/dist/deleted.test.js");
  write("scripts/lib/two.test.mjs");
  assert.deepEqual(testFiles(base), [
    "packages/a/dist/deep/one.test.js",
    "scripts/lib/two.test.mjs",
  ]);
});
