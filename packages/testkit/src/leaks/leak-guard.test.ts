import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";

import { isRunning } from "../process/is-running.js";
import { until } from "../wait/until.js";

const guard = new URL("leak-guard.js", import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), "keyturn-leaks-"));
after(() => rmSync(folder, { recursive: true }));

let files = 0;

/** Runs a test file of one passing test, guarded. */
async function run(
  body: string,
  { runner = false } = {},
): Promise<{ code: number; output: string }> {
  const file = join(folder, `${files++}.test.mjs`);
  writeFileSync(
    file,
    `import { after, test } from "node:test";
import { spawn, fork } from "node:child_process";
import timers, { setTimeout as named } from "node:timers";
import { promisify } from "node:util";
import { createServer, connect } from "node:net";
import { Worker } from "node:worker_threads";
import { once } from "node:events";
test("passes", async () => { ${body} });
`,
  );
  const args = ["--import", guard, ...(runner ? ["--test"] : []), file];
  // This test itself runs in a runner, which those it starts must not report to.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { env: { ...env, KEYTURN_LEAK_GRACE_MS: "200" } },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code);
        resolve({ code, output: stdout + stderr });
      },
    );
  });
}

const serve = `const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();`;

describe("a file fails that leaves behind", () => {
  const leaks: Record<string, [body: string, told: RegExp]> = {
    "a process": [
      `spawn(process.execPath, ["-e", "setInterval(() => 1, 1000)"], { stdio: "ignore" });`,
      /- process \d+: .*node -e setInterval/,
    ],
    "a process that nobody waits for": [
      `spawn(process.execPath, ["-e", "setInterval(() => 1, 1000)"], { stdio: "ignore", detached: true }).unref();`,
      /- process \d+: .*node -e setInterval/,
    ],
    "a server": [serve, /- what keeps the process alive: TCPServerWrap/],
    "a connection": [
      `${serve} server.unref(); connect(port, "127.0.0.1"); await once(server, "connection");`,
      /- connection from port \d+ to port \d+/,
    ],
    "a connection that nobody waits for": [
      `${serve} server.unref(); const socket = connect(port, "127.0.0.1").unref();
       const [other] = await once(server, "connection"); other.unref();`,
      /- connection from port \d+ to port \d+/,
    ],
    "a timer": [
      `setTimeout(() => "never seen", 60_000);`,
      /- a timer of 60000 ms: \(\) => "never seen"/,
    ],
    "a timer that nobody waits for": [
      `setTimeout(() => "never seen", 60_000).unref();`,
      /- a timer of 60000 ms: \(\) => "never seen"/,
    ],
    "a timer of the timers module": [
      `timers.setTimeout(() => "never seen", 60_000).unref();`,
      /- a timer of 60000 ms: \(\) => "never seen"/,
    ],
    "an interval that nobody waits for": [
      `setInterval(() => "again", 60_000).unref();`,
      /- an interval of 60000 ms: \(\) => "again"/,
    ],
    "a thread": [
      `new Worker("setInterval(() => 1, 1000)", { eval: true });`,
      /- thread 1/,
    ],
  };
  for (const [what, [body, told]] of Object.entries(leaks))
    test(what, async () => {
      const { code, output } = await run(body);
      assert.equal(code, 1, output);
      assert.match(output, told);
      assert.match(
        output,
        /End what a test starts: with `await using`, or in `after`\./,
      );
    });
});

describe("a file passes that", () => {
  const clean: Record<string, string> = {
    "leaves nothing": "",
    "ends what it starts": `
      ${serve}
      const socket = connect(port, "127.0.0.1");
      const [other] = await once(server, "connection");
      socket.end(); other.end(); server.close();
      clearTimeout(setTimeout(() => 1, 60_000));
      const child = spawn(process.execPath, ["-e", "0"]);
      await once(child, "exit");
      await new Worker("1", { eval: true }).terminate();`,
    "ends it in a hook": `
      ${serve}
      after(() => server.close());
      after(() => new Promise((resolve) => setTimeout(resolve, 50)));`,
    "ends it soon after": "setTimeout(() => 1, 100);",
    "sets more timers than are kept account of": `
      for (let i = 0; i < 20_000; i++) clearTimeout(setTimeout(() => 1, 60_000));`,
    "awaits timers": `
      await promisify(setTimeout)(1);
      await new Promise((resolve) => named(resolve, 1));`,
    "used an abort signal with a deadline": "AbortSignal.timeout(60_000);",
  };
  for (const [what, body] of Object.entries(clean))
    test(what, async () => {
      const { code, output } = await run(body);
      assert.equal(code, 0, output);
      assert.doesNotMatch(output, /Left behind/);
    });
});

test("a file that the runner runs is guarded too, and the runner itself is not", async () => {
  const leak = "setInterval(() => 1, 60_000).unref();";
  const runner = { runner: true };
  assert.equal((await run(leak, runner)).code, 1);
  assert.equal((await run("", runner)).code, 0);
});

test("processes that were left behind are ended", async () => {
  const { output } = await run(
    `spawn(process.execPath, ["-e", "setInterval(() => 1, 1000)"], { stdio: "ignore" });`,
  );
  const pid = Number(/- process (\d+)/.exec(output)?.[1]);
  await until("its end", 5000, () => !isRunning(pid));
});
