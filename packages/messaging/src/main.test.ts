import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { HostDouble, until, type HostDoubleOptions } from "@keyturn/testkit";

import { MessagingLab, within } from "./testing/messaging-lab.test.js";

const run = promisify(execFile);
const program = fileURLToPath(new URL("main.js", import.meta.url));

/** A host that starts the executable. */
function hostOf(
  lab: MessagingLab,
  options: Partial<HostDoubleOptions>,
): Promise<HostDouble> {
  return HostDouble.start({
    lattice: lab.lattice,
    provider: [process.execPath, program],
    providerId: "messaging",
    ...options,
  });
}

describe("the executable", () => {
  test("tells its version and what it is, and refuses what it does not know", async () => {
    const version = await run(process.execPath, [program, "--version"]);
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
    const help = await run(process.execPath, [program, "--help"]);
    assert.match(
      help.stdout,
      /^keyturn-messaging \d.*\nThe wasmcloud:messaging/,
    );
    await assert.rejects(run(process.execPath, [program, "--what"]), {
      code: 2,
      stderr:
        "keyturn-messaging takes no argument like `--what`. Look at what it takes: keyturn-messaging --help\n",
    });
  });

  test("serves from start to shutdown; logs as the host wishes, bodies never", async () => {
    await using lab = await MessagingLab.prepare();
    const shop = await lab.component({ handle: () => "no" });
    await using host = await hostOf(lab, {
      links: [lab.handler("orders"), lab.consumer()],
      logLevel: "debug",
      structuredLogging: true,
    });
    await host.waitHealthy(within);
    const outside = await lab.client();
    outside.publish("orders", "the-body-itself");
    await until("a call", within, () => shop.calls === 1);
    await shop.publish("out", "the-body-itself");
    await host.waitForLog(/answered a message/);
    const { replied, end } = await host.shutdown();
    assert.equal(replied, true);
    assert.notEqual(end, undefined);
    assert.equal(host.stdout.text(), "");
    const lines = host.stderr.text().trim().split("\n");
    const entries = lines.map(
      (line) =>
        JSON.parse(line) as {
          level: string;
          fields: { message: string; type?: string; bytes?: number };
        },
    );
    const types = entries.map(({ fields }) => fields.type);
    for (const type of [
      "link-up",
      "provider-started",
      "message-in",
      "message-out",
      "component-error",
    ])
      assert.ok(types.includes(type), type);
    const incoming = entries.find(({ fields }) => fields.type === "message-in");
    assert.equal(incoming?.fields.bytes, 15);
    assert.doesNotMatch(host.stderr.text(), /the-body-itself/);
  });

  test("RUST_LOG, which a host passes on, may name another level", async () => {
    await using lab = await MessagingLab.prepare();
    await using host = await hostOf(lab, { env: { RUST_LOG: "error" } });
    await host.waitHealthy(within);
    await host.putLink(lab.handler("a b"));
    await host.waitForLog(/ERROR/);
    assert.doesNotMatch(host.stderr.text(), /provider-started/);
  });

  test("ends with code 2 and one line when HostData is nonsense", async () => {
    await using lab = await MessagingLab.prepare();
    await using host = await hostOf(lab, { input: "bm8=\n" });
    const { code } = await host.ended;
    assert.notEqual(code, 0);
    assert.match(
      host.stderr.text(),
      /^\S+Z ERROR keyturn_provider: .*HostData.* code=PROVIDER_HOST_DATA_INVALID\n$/,
    );
  });
});

test("a log that nobody reads holds nothing up: lines are dropped and counted, and the process ends", async () => {
  const logger = new URL("log/logger.js", import.meta.url).href;
  const child = spawn(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      `import { Logger } from ${JSON.stringify(logger)};
       const log = new Logger();
       log.configure({ level: "info", structured: false });
       for (let i = 0; i < 20_000; i++) log.log("info", "t", "x".repeat(200));
       setTimeout(() => {
         if (log.dropped > 0 && !log.end()) process.kill(process.pid, "SIGKILL");
       }, 800);`,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const timer = setTimeout(() => child.kill("SIGKILL"), within);
  const began = performance.now();
  const [, signal] = (await once(child, "exit")) as [number | null, string];
  clearTimeout(timer);
  child.stderr.destroy();
  assert.equal(signal, "SIGKILL");
  assert.ok(performance.now() - began < within / 2, "by itself");
});
