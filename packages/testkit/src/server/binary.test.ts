import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

import {
  findServerBinary,
  searchServerBinary,
  serverCacheFolder,
} from "./binary.js";

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "keyturn-binary-"));
});
afterEach(() => rmSync(base, { recursive: true }));

/** A program that says what `nats-server --version` says. */
function program(folder: string, says: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "nats-server");
  writeFileSync(path, `#!/bin/sh\necho "${says}"\n`);
  chmodSync(path, 0o755);
  return path;
}

const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: `${base}/one:${base}/two`,
  XDG_CACHE_HOME: `${base}/cache`,
  ...more,
});

test(
  "the path named wins over PATH, PATH over the cache",
  { skip: process.platform !== "linux" },
  () => {
    const cached = program(serverCacheFolder(env()), "nats-server: v2.12.1");
    assert.deepEqual(searchServerBinary(env()).binary, {
      path: cached,
      version: "2.12.1",
      foundBy: "cache",
    });
    const onPath = program(`${base}/two`, "nats-server: v2.11.0");
    assert.deepEqual(searchServerBinary(env()).binary, {
      path: onPath,
      version: "2.11.0",
      foundBy: "PATH",
    });
    const named = program(`${base}/named`, "nats-server: v2.10.0");
    assert.deepEqual(
      searchServerBinary(env({ KEYTURN_NATS_SERVER: named })).binary,
      { path: named, version: "2.10.0", foundBy: "KEYTURN_NATS_SERVER" },
    );
    assert.equal(findServerBinary(env()).path, onPath);
  },
);

test("an old one on PATH is passed over and said", () => {
  const old = program(`${base}/one`, "nats-server: v2.8.4");
  const good = program(`${base}/two`, "nats-server: v2.9.0");
  const { binary, refused } = searchServerBinary(env());
  assert.equal(binary?.path, good);
  assert.deepEqual(refused, [
    `${old} is not used: it is a program which is version 2.8.4, and 2.9 is the oldest supported.`,
  ]);
});

test("a named one that cannot be used is an error, whatever else is there", () => {
  program(`${base}/one`, "nats-server: v2.11.0");
  const named = (path: string) => () =>
    searchServerBinary(env({ KEYTURN_NATS_SERVER: path }));
  const old = program(`${base}/old`, "nats-server: v2.8.4");
  assert.throws(named(old), {
    message: `KEYTURN_NATS_SERVER names ${old}, which is version 2.8.4, and 2.9 is the oldest supported. Correct it, or unset it.`,
  });
  const none = `${base}/none/nats-server`;
  assert.throws(named(none), {
    message: `KEYTURN_NATS_SERVER names ${none}, which cannot be run (ENOENT). Correct it, or unset it.`,
  });
  const other = program(`${base}/other`, "hello");
  assert.throws(named(other), {
    message: `KEYTURN_NATS_SERVER names ${other}, which does not answer --version as nats-server does. Correct it, or unset it.`,
  });
});

test("none anywhere says what to do", () => {
  assert.throws(() => findServerBinary(env()), {
    message:
      "There is no nats-server on PATH or in the cache folder. Install nats-server 2.9 or newer, or put its path into KEYTURN_NATS_SERVER.",
  });
});
