import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { until } from "../wait/until.js";
import { BoundedLog } from "./bounded-log.js";
import { isRunning } from "./is-running.js";
import { ManagedChild } from "./managed-child.js";

const node = (script: string, input?: string): Promise<ManagedChild> =>
  ManagedChild.start({
    command: process.execPath,
    args: ["--input-type=module", "-e", script],
    ...(input !== undefined && { input }),
  });

describe("a managed child", () => {
  test("gets its input, and what it prints is kept", async () => {
    const child = await node(
      `for await (const text of process.stdin) console.log("got " + text);
       console.error("done");`,
      "some words",
    );
    assert.deepEqual(await child.ended, { code: 0, signal: null });
    assert.equal(child.stdout.text(), "got some words\n");
    assert.equal(child.stderr.text(), "done\n");
    assert.deepEqual([child.running, child.over], [false, true]);
  });

  test("that does not read its input may end", async () => {
    const child = await node("process.exit(3)", "x".repeat(1_000_000));
    assert.equal((await child.ended).code, 3);
  });

  test("that cannot be started is an error", async () => {
    const start = ManagedChild.start({ command: "/none/such", args: [] });
    await assert.rejects(start, { code: "ENOENT" });
  });

  test("is stopped by SIGTERM, and by SIGKILL if it does not listen", async () => {
    const good = await node("setInterval(() => 1, 1000)");
    assert.equal((await good.stop()).signal, "SIGTERM");
    const deaf = await node(
      `process.on("SIGTERM", () => 1); console.log("deaf"); setInterval(() => 1, 1000)`,
    );
    await deaf.stdout.waitFor(/deaf/);
    assert.equal((await deaf.stop(50)).signal, "SIGKILL");
    assert.equal((await deaf.stop()).signal, "SIGKILL");
  });

  for (const [how, end, wanted] of [
    ["ends", "process.exit(0)", { code: 0, signal: null }],
    [
      "is ended by a signal",
      `process.kill(process.pid, "SIGTERM")`,
      { code: null, signal: "SIGTERM" },
    ],
    ["fails", `throw new Error("x")`, { code: 1, signal: null }],
  ] as const)
    test(`does not outlive a parent that ${how}`, async () => {
      const here = new URL("managed-child.js", import.meta.url).href;
      const parent = await node(
        `import { ManagedChild } from ${JSON.stringify(here)};
         const child = await ManagedChild.start({ command: process.execPath, args: ["-e", "setInterval(() => 1, 1000)"] });
         console.log(child.pid);
         setTimeout(() => { ${end} }, 10);`,
      );
      assert.deepEqual(await parent.ended, wanted);
      const pid = Number(parent.stdout.text());
      assert.ok(pid > 1);
      await until("the child's end", 5000, () => !isRunning(pid));
    });

  test("leaves a signal to others who listen to it", async () => {
    const here = new URL("managed-child.js", import.meta.url).href;
    const parent = await node(
      `import { ManagedChild } from ${JSON.stringify(here)};
       process.on("SIGTERM", () => setTimeout(() => process.exit(7), 50));
       await ManagedChild.start({ command: process.execPath, args: ["-e", "setInterval(() => 1, 1000)"] });
       process.kill(process.pid, "SIGTERM");
       setInterval(() => 1, 1000);`,
    );
    assert.deepEqual(await parent.ended, { code: 7, signal: null });
  });
});

describe("a bounded log", () => {
  test("keeps the end, and positions stay right", async () => {
    const log = new BoundedLog(10);
    log.append("0123456789");
    const from = log.length;
    log.append("abcdef");
    assert.equal(log.text(), "6789abcdef");
    assert.equal(log.text(from), "abcdef");
    assert.equal(log.text(2), "6789abcdef");
    assert.deepEqual([log.length, log.dropped], [16, 6]);
    await assert.rejects(log.waitFor(/9/, 20, from));
  });

  test("waits for what comes, and says what it has if it does not", async () => {
    const log = new BoundedLog();
    setTimeout(() => log.append("server is ready\n"), 20);
    const [, what] = await log.waitFor(/(\w+) is ready/g, 5000);
    assert.equal(what, "server");
    await assert.rejects(log.waitFor(/not this/, 20), {
      message:
        "a log line like /not this/: not within 20 ms. The log ends with:\nserver is ready\n",
    });
  });
});
