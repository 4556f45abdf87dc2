import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { until } from "@keyturn/testkit";

import { BackendLab } from "./testing/backend-lab.test.fixture.js";

const run = promisify(execFile);
const program = fileURLToPath(new URL("main.js", import.meta.url));

test("the executable tells its version and ends with the code of an error", async () => {
  const { stdout } = await run(process.execPath, [program, "--version"]);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  await assert.rejects(run(process.execPath, [program, "secrts"]), {
    code: 2,
    stderr:
      "error: `keyturn` has no command `secrts`. Did you mean `keyturn secrets`? Look at what there is: `keyturn --help`.\n",
  });
});

test("what serves writes its audit log to standard output, goes on when nobody reads its notes, and ends when told", async () => {
  await using lab = await BackendLab.start();
  await lab.put("nats/prod/seed", "the value");
  const child = spawn(
    process.execPath,
    [program, "secrets", "serve", `--policy=${lab.path("policy.json")}`],
    { env: lab.env, stdio: ["ignore", "pipe", "pipe"] },
  );
  const ended = once(child, "exit");
  try {
    let audit = "";
    child.stdout.on("data", (chunk: Buffer) => {
      audit += chunk.toString("utf8");
    });
    let notes = "";
    child.stderr.on("data", (chunk: Buffer) => {
      notes += chunk.toString("utf8");
    });
    await until("it to serve", 8000, () => notes.includes("Serving "));
    assert.ok("version" in (await lab.host.get()));
    assert.match(audit, /^\{"time":[^\n]*"answer":"ok"[^\n]*\}\n$/);
    child.stderr.destroy();
    lab.policy({ issuers: [lab.host.account.getPublicKey()], hosts: "any" });
    await until("the new policy", 8000, async () => {
      return "error" in (await lab.host.get());
    });
    // What it noted went to nobody: it is still there.
    assert.deepEqual(await lab.host.get(), { error: "Unauthorized" });
  } finally {
    child.kill("SIGTERM");
  }
  assert.deepEqual(await ended, [0, null]);
});
