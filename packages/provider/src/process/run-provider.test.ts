import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, describe, test } from "node:test";

import {
  HostDouble,
  makeTlsAuthority,
  natsServer,
  until,
  type HostDoubleOptions,
  type NatsServer,
} from "@keyturn/testkit";
import { client } from "@keyturn/wrpc";

import { lab } from "../testing/lab-interface.test.fixture.js";
import { timely } from "../testing/timely.test.fixture.js";
import { providerErrors } from "../errors/provider-errors.js";

const executable = fileURLToPath(
  new URL("../testing/lab-provider.test.fixture.js", import.meta.url),
);
const provider = [process.execPath, executable] as const;
const within = 10_000;
const utf8 = new TextEncoder();

describe("runProvider", () => {
  let server: NatsServer;
  before(async () => {
    server = await natsServer();
  });
  after(() => server.stop());

  const start = (
    options: Partial<HostDoubleOptions> = {},
  ): Promise<HostDouble> =>
    HostDouble.start({ lattice: server, provider, ...options });

  const component = (host: HostDouble) =>
    client(host.connection, {
      prefix: "default.provider",
      interface: lab,
      headers: { "source-id": "echo" },
    });

  test("serves from the host's start to its shutdown, without a word", async () => {
    await using host = await start();
    await host.waitHealthy(within);
    assert.deepEqual(await component(host).ask("hello"), {
      tag: "ok",
      val: "hello",
    });
    const { replied } = await host.shutdown();
    assert.equal(replied, true);
    assert.equal(host.stdout.text(), "");
    assert.equal(host.stderr.text(), "closed\n");
  });

  test("finishes running calls before it replies", () =>
    timely(async () => {
      await using host = await start();
      await host.waitHealthy(within);
      const answer = component(host).ask("wait 60");
      answer.catch(() => undefined);
      await host.health();
      const { replied } = await host.shutdown();
      assert.equal(replied, true);
      assert.deepEqual(await answer, { tag: "ok", val: "wait 60" });
    }));

  test("replies within the host's delay although its own close hangs", () =>
    timely(async () => {
      await using host = await start({ config: { close: "hang" } });
      await host.waitHealthy(within);
      assert.equal((await host.shutdown()).replied, true);
    }));

  for (const signal of ["SIGTERM", "SIGINT"] as const)
    test(`${signal} is a graceful stop`, async () => {
      await using host = await start();
      await host.waitHealthy(within);
      host.kill(signal);
      assert.deepEqual(await host.ended, { code: 0, signal: null });
      assert.equal(host.stderr.text(), "closed\n");
    });

  test("a signal before anything was read ends it at once", async () => {
    await using host = await start({ input: "" });
    host.kill("SIGTERM");
    const { code, signal } = await host.ended;
    // Before the handlers are there, the signal itself ends it.
    assert.ok(code === 0 || code === 1 || signal === "SIGTERM");
  });

  test("the death of the host ends it", async () => {
    await using host = await start({ killableHost: true });
    await host.waitHealthy(within);
    const { pid } = host;
    host.killHost();
    await until("the end of the orphan", within, () => !isAlive(pid));
    await assert.rejects(host.health());
  });

  test("a log that nobody reads any more does not end it", async () => {
    const command = `exec "$0" "$1" 2> >(exec 2>&-; true)`;
    await using host = await start({
      provider: ["/bin/bash", "-c", command, ...provider],
      env: { RUST_LOG: "trace" },
    });
    await host.waitHealthy(within);
    await host.updateConfig({ a: "1" });
    await host.health();
    host.kill("SIGTERM");
    assert.deepEqual(await host.ended, { code: 0, signal: null });
  });

  test("HostData may be larger than a pipe", async () => {
    const links = Array.from({ length: 300 }, (_, i) => ({
      source: `component-${i}`,
      target: "provider",
      interfaces: ["lab"],
      targetSecrets: { s: "x".repeat(500) },
    }));
    await using host = await start({ links, env: { RUST_LOG: "info" } });
    await host.waitHealthy(within);
    await host.waitForLog(/serves lattice default with 300 links/);
  });

  test("a provider started again has its links and config of now", async () => {
    await using host = await start();
    await host.waitHealthy(within);
    await host.putLink({
      source: "echo",
      target: "provider",
      interfaces: ["lab"],
      targetConfig: { put: "fail" },
    });
    await host.waitUnhealthy(/The server said no/, within);
    await host.restart();
    assert.equal(
      await host.waitUnhealthy(/^component/, within),
      "component echo, link default (wasmcloud:messaging): The server said no.",
    );
  });

  const refused: [
    string,
    Partial<HostDoubleOptions>,
    number,
    string,
    keyof typeof providerErrors,
  ][] = [
    [
      "empty input",
      { input: "" },
      1,
      "Standard input held no HostData: it was closed or the first line was empty.",
      "PROVIDER_HOST_DATA_MISSING",
    ],
    [
      "an empty line",
      { input: "\r\nabc" },
      1,
      "Standard input held no HostData: it was closed or the first line was empty.",
      "PROVIDER_HOST_DATA_MISSING",
    ],
    [
      "no base64",
      { input: '{"host_id":"SUACANARY"}\r\n' },
      1,
      "The HostData line on standard input is not base64.",
      "PROVIDER_HOST_DATA_INVALID",
    ],
    [
      "no JSON",
      { input: line("SUACANARY") },
      1,
      "HostData is malformed: a value expected at byte 0.",
      "PROVIDER_HOST_DATA_INVALID",
    ],
    [
      "JSON cut short",
      { input: line('{"secrets":{"a":"SUACANARY') },
      1,
      "HostData is malformed: a string without end at byte 26 in `secrets.a`.",
      "PROVIDER_HOST_DATA_INVALID",
    ],
    [
      "another type",
      { override: { config: { client_seed: ["SUACANARY"] } } },
      1,
      "HostData is malformed: `config.client_seed` must be a string, not an array.",
      "PROVIDER_HOST_DATA_INVALID",
    ],
    [
      "half a lattice credential",
      { override: { lattice_rpc_user_seed: "SUACANARY" } },
      1,
      "HostData has `lattice_rpc_user_seed` but no `lattice_rpc_user_jwt`.",
      "PROVIDER_LATTICE_CREDENTIAL_HALF",
    ],
    [
      "a bad curve seed",
      { override: { provider_xkey_private_key: "SUACANARY" } },
      1,
      "`provider_xkey_private_key` in HostData is not a curve seed (SX and 56 more characters).",
      "PROVIDER_XKEY_INVALID",
    ],
    [
      "a failing create",
      { config: { create: "fail" } },
      2,
      "The provider could not be created: No disk.",
      "PROVIDER_CREATE_FAILED",
    ],
  ];
  for (const [what, options, code, message, errorCode] of refused)
    test(`${what} ends it with code ${code} and one line`, async () => {
      await using host = await start(options);
      assert.deepEqual(await host.ended, { code, signal: null });
      assert.equal(
        host.stderr.text(),
        `lab-provider: ${message} ${providerErrors[errorCode].next}\n`,
      );
      assert.equal(host.stdout.text(), "");
    });

  test("a lattice that is not there ends it with code 69", async () => {
    await using host = await start({
      override: { lattice_rpc_url: "nats://127.0.0.1:1" },
    });
    assert.deepEqual(await host.ended, { code: 69, signal: null });
    assert.match(
      host.stderr.text(),
      /^lab-provider: No lattice connection to nats:\/\/127\.0\.0\.1:1: .*\n$/,
    );
  });

  for (const when of ["create", "serve"])
    test(`a lattice lost for good ends it with code 69, also while it starts (${when})`, async () => {
      await using host = await start({
        config: when === "create" ? { create: "lose-lattice" } : {},
      });
      if (when === "serve") {
        await host.waitHealthy(within);
        component(host)
          .ask("lose-lattice")
          .catch(() => undefined);
      }
      assert.deepEqual(await host.ended, { code: 69, signal: null });
      assert.ok(
        host.stderr
          .text()
          .endsWith(
            "lab-provider: The lattice connection closed for good. Look at the cause and at the log of the lattice NATS server; the host starts the provider again.\n",
          ),
        host.stderr.text(),
      );
    });

  test("TLS is used when the server asks for it, although the URL says nats", async () => {
    const authority = makeTlsAuthority("lattice");
    await using lattice = await natsServer({ tls: authority.server() });
    const folder = mkdtempSync(join(tmpdir(), "keyturn-tls-"));
    try {
      const file = join(folder, "ca.pem");
      writeFileSync(file, authority.certificate);
      const connection = { tls: { ca: authority.certificate } };
      await using trusting = await start({
        lattice,
        connection,
        provider: ["/usr/bin/env", `NODE_EXTRA_CA_CERTS=${file}`, ...provider],
      });
      await trusting.waitHealthy(within);
      await using other = await start({ lattice, connection });
      assert.deepEqual(await other.ended, { code: 69, signal: null });
      assert.match(
        other.stderr.text(),
        /^lab-provider: No lattice connection to nats:\/\/127\.0\.0\.1:\d+: .*certificate.*\n$/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  for (const verb of ["throw", "reject"])
    test(`an unhandled ${verb} ends it with code 70 and without a message from elsewhere`, async () => {
      await using host = await start();
      await host.waitHealthy(within);
      component(host)
        .ask(verb)
        .catch(() => undefined);
      assert.deepEqual(await host.ended, { code: 70, signal: null });
      assert.match(
        host.stderr.text(),
        /^lab-provider: The program crashed: (TypeError|Error) at .*:\d+:\d+\)?.*\. Report this with the stack; the host starts the provider again\.\n$/,
      );
      assert.ok(!host.stderr.text().includes("CANARY"));
    });

  test("what ends it is an event, and no line, where somebody listens", async () => {
    await using host = await start({
      config: { create: "fail" },
      env: { RUST_LOG: "info" },
    });
    assert.deepEqual(await host.ended, { code: 2, signal: null });
    const lines = host.stderr.text().trimEnd().split("\n");
    const last = JSON.parse(lines.at(-1) ?? "") as Record<string, unknown>;
    assert.equal(last["type"], "provider-failed");
    assert.equal(last["code"], "PROVIDER_CREATE_FAILED");
  });

  test("no secret was ever a string, so that no heap snapshot shows one", async () => {
    const canary = (place: string): string =>
      `CANARY-${place}-`.padEnd(58, "7");
    const link = {
      source: "echo",
      target: "provider",
      interfaces: ["lab"],
      targetConfig: { client_seed: canary("link-config"), plain: "visible-1" },
      targetSecrets: { s: canary("link-secret") },
    };
    await using host = await start({
      config: { client_seed: canary("config"), plain: "visible-2" },
      secrets: { a: canary("secret"), b: utf8.encode(canary("bytes")) },
      links: [link],
    });
    await host.waitHealthy(within);
    await host.putLink({
      ...link,
      name: "second",
      targetConfig: { client_seed: canary("put"), plain: "visible-3" },
      targetSecrets: { s: canary("put-secret") },
    });
    await host.updateConfig({ client_seed: canary("update") });
    await host.health();
    const folder = mkdtempSync(join(tmpdir(), "keyturn-heap-"));
    try {
      const file = join(folder, "heap.json");
      await component(host).ask(`snapshot ${file}`);
      const heap = readFileSync(file, "utf8");
      // What is plain is there, so the search would find the others.
      for (const seen of ["visible-1", "visible-2", "visible-3"])
        assert.ok(heap.includes(seen), seen);
      const shown = /CANARY-[a-z-]+/.exec(heap)?.[0];
      assert.equal(shown, undefined);
      assert.ok(
        !heap.includes(Buffer.from("CANARY-").toString("base64").slice(0, 8)),
      );
      const seed = new TextDecoder().decode(host.keys.provider.getSeed());
      assert.ok(!heap.includes(seed));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("no secret is in any output, whatever happens", async () => {
    const canary = "SUACANARY";
    await using host = await start({
      env: { RUST_LOG: "trace" },
      config: { client_seed: `${canary}1`, other: "x" },
      secrets: { a: `${canary}2`, b: utf8.encode(`${canary}3`) },
      links: [
        {
          source: "echo",
          target: "provider",
          interfaces: ["lab"],
          targetConfig: { put: "fail", client_seed: `${canary}4` },
          targetSecrets: { s: `${canary}5` },
        },
      ],
    });
    const healths = [await host.waitUnhealthy(/The server said no/, within)];
    const bad = { source: "bad", target: "provider", interfaces: [] };
    for (const sealed of [
      `"${canary}6"`,
      `${canary}7`,
      `{"${canary.padEnd(58, "8")}":"${canary}9"}`,
    ]) {
      await host.putLink({ ...bad, targetSecrets: host.seal(sealed) });
      healths.push((await host.health()).message ?? "");
    }
    for (const text of [canary, `"${canary}"`, `{"client_seed":["${canary}"]}`])
      for (const subject of Object.values(host.subjects))
        if (typeof subject === "string") host.connection.publish(subject, text);
    await host.updateConfig({ client_seed: `${canary}10` });
    healths.push((await host.health()).message ?? "");
    component(host)
      .ask("throw")
      .catch(() => undefined);
    await host.ended;
    const output = host.stdout.text() + host.stderr.text() + healths.join();
    assert.ok(output.includes("control-message-ignored"));
    assert.ok(!output.includes("CANARY"), output);
  });
});

function line(text: string): string {
  return `${Buffer.from(text).toString("base64")}\r\n`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
