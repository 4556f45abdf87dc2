import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test } from "node:test";

import { makeOperator, natsServer } from "@keyturn/testkit";

import * as nats from "./index.js";

const folder = fileURLToPath(new URL("..", import.meta.url));
const readme = await readFile(`${folder}/README.md`, "utf8");
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
      .map((cell) => cell.trim().replace(/^`(.*)`$/, "$1")),
  );
}

test("the example of the README does what it says", async () => {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  const user = await account.user("orders", {
    claims: { pub: { allow: ["orders.>"], deny: [] } },
  });
  await using server = await natsServer({
    config: await operator.serverConfig(),
  });
  const place = await mkdtemp(join(tmpdir(), "keyturn-readme-"));
  try {
    const file = join(place, "orders.creds");
    await writeFile(file, user.creds, { mode: 0o600 });
    const { stdout } = await run(
      process.execPath,
      ["--input-type=module", "--eval", block("js")],
      {
        cwd: folder,
        env: { ...process.env, NATS_URL: server.url, NATS_CREDS: file },
      },
    );
    assert.equal(stdout, block("text"));
  } finally {
    await rm(place, { recursive: true });
  }
});

test("the README has the defaults that there are", () => {
  const defaults = new Map(
    table("Option").map(([name, , value]) => [name, value]),
  );
  assert.deepEqual(
    ["timeout", "pingInterval", "maxPingOut", "maxControlLine"].map((name) =>
      defaults.get(name),
    ),
    [
      nats.defaultTimeoutMs,
      nats.defaultPingIntervalMs,
      nats.defaultMaxPingOut,
      nats.defaultMaxControlLine,
    ].map((value) => value.toLocaleString("en")),
  );
  assert.equal(defaults.get("outbox"), "8 MiB, a minute");
  assert.equal(nats.defaultOutboxBytes, 8 * 1024 ** 2);
  assert.equal(nats.defaultOutboxAgeMs, 60_000);
});

test("the README lists the makers, the events and the errors", async () => {
  assert.deepEqual(
    new Set(table("Made by").map(([name]) => name)),
    new Set(Object.keys(nats).filter((name) => /[a-z]Credential$/.test(name))),
  );
  const source = await readFile(
    `${folder}/dist/events/nats-events.d.ts`,
    "utf8",
  );
  const types = /readonly type: ([^;]*);/.exec(source)?.[1] ?? "";
  assert.deepEqual(
    new Set(table("Type").map(([name]) => name)),
    new Set(types.split("|").map((type) => type.trim().slice(1, -1))),
  );
  assert.deepEqual(
    table("Code").map(([code, meaning]) => [code, meaning]),
    Object.entries(nats.natsErrors).map(([code, { meaning }]) => [
      code,
      meaning,
    ]),
  );
});
