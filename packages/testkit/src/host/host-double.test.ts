import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { createCurve } from "@nats-io/nkeys";

import { makeOperator } from "../operator/operator.js";
import { natsServer } from "../server/nats-server.js";
import { until } from "../wait/until.js";
import { HostDouble, type HostDoubleOptions } from "./host-double.js";

const plainProvider = [
  process.execPath,
  fileURLToPath(new URL("plain-provider.test.fixture.js", import.meta.url)),
] as const;

const server = await natsServer();
after(() => server.stop());

function start(options: Partial<HostDoubleOptions> = {}): Promise<HostDouble> {
  return HostDouble.start({
    lattice: server,
    providerId: "plain",
    provider: plainProvider,
    ...options,
  });
}

/** What the plain provider has logged under a word. */
function told(host: HostDouble, what: string): unknown[] {
  return host.stderr
    .text()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { what: string; value: unknown })
    .filter((entry) => entry.what === what)
    .map(({ value }) => value);
}

const link = {
  source: "plain",
  target: "echo",
  interfaces: ["handler"],
  sourceConfig: { subscriptions: "orders.>" },
};

const onTheWire = {
  source_id: "plain",
  target: "echo",
  name: "default",
  wit_namespace: "wasmcloud",
  wit_package: "messaging",
  interfaces: ["handler"],
  source_config: { subscriptions: "orders.>" },
  target_config: {},
  source_secrets: null,
  target_secrets: null,
};

describe("the start of a provider", () => {
  test("is one line on a closed standard input, in a cleared environment", async () => {
    await using host = await start({
      env: { PATH: "/bin", RUST_LOG: "debug", OTEL_SERVICE_NAME: "x" },
      links: [link],
    });
    await host.waitHealthy();
    assert.deepEqual(told(host, "line"), [{ end: "\r\n", lines: 2 }]);
    assert.deepEqual(told(host, "env"), [["RUST_LOG", "OTEL_SERVICE_NAME"]]);
    assert.deepEqual(told(host, "links"), [[onTheWire]]);
    assert.equal(host.stdout.text(), "");
    assert.deepEqual(told(host, "health"), [""]);
    assert.deepEqual(told(host, "fields"), [
      [
        "host_id",
        "lattice_rpc_prefix",
        "link_name",
        "lattice_rpc_user_jwt",
        "lattice_rpc_user_seed",
        "lattice_rpc_url",
        "provider_key",
        "env_values",
        "instance_id",
        "link_definitions",
        "cluster_issuers",
        "config",
        "secrets",
        "host_xkey_public_key",
        "provider_xkey_private_key",
        "default_rpc_timeout_ms",
        "structured_logging",
        "log_level",
        "otel_config",
      ],
    ]);
  });

  test("passes the host's own credential on, and uses it", async () => {
    const operator = await makeOperator();
    const user = await (await operator.account("LATTICE")).user("host");
    await using lattice = await natsServer({
      config: await operator.serverConfig(),
    });
    await assert.rejects(start({ lattice }), /Authorization/);
    await using host = await start({ lattice, credential: user });
    const data = host.hostData();
    assert.equal(data["lattice_rpc_user_jwt"], user.jwt);
    assert.equal(data["lattice_rpc_user_seed"], user.seed);
    await host.connection.flush();
  });

  test("may be told nonsense", async () => {
    await using host = await start({ input: "{}\n" });
    const { code } = await host.ended;
    assert.equal(code, 1);
    await assert.rejects(
      host.waitHealthy(),
      /^Error: No health: the provider's process has ended\. Last: no answer\. The provider's log ends with:\n.*SyntaxError/s,
    );
  });

  test("of a program that is not there is an error and leaves no connection", async () => {
    await assert.rejects(start({ provider: ["/none/such"] }), {
      code: "ENOENT",
    });
  });

  test("fields can be replaced and left out", async () => {
    await using host = await start({
      override: { log_level: "loud", otel_config: undefined },
    });
    const data = host.hostData();
    assert.equal(data["log_level"], "loud");
    assert.ok(!JSON.stringify(data).includes("otel_config"));
  });
});

describe("links", () => {
  test("are put sealed to this process alone, and in the old place without secrets", async () => {
    await using host = await start();
    await host.waitHealthy();
    const secrets = { client_seed: "SUA", salt: Uint8Array.of(1, 255) };
    await host.putLink({ ...link, sourceSecrets: secrets });
    await host.putLink({ ...link, name: "other", sourceSecrets: {} });
    await until("both links", 5000, () => told(host, "put").length === 2);
    const [first, second] = told(host, "put") as { opened: string | null }[];
    assert.equal(
      first?.opened,
      '{"client_seed":{"kind":"String","value":"SUA"},"salt":{"kind":"Bytes","value":[1,255]}}',
    );
    assert.deepEqual(second, { ...onTheWire, name: "other", opened: null });
    assert.deepEqual(told(host, "old put"), [{ ...onTheWire, name: "other" }]);
  });

  test("can carry a seal for another key, or a broken one", async () => {
    await using host = await start();
    await host.waitHealthy();
    const other = host.seal("{}", createCurve().getPublicKey());
    const broken = host.seal("{}");
    broken[30] = broken[30]! ^ 1;
    for (const sourceSecrets of [other, broken])
      await host.putLink({ ...link, sourceSecrets });
    await until("both links", 5000, () => told(host, "put").length === 2);
    assert.deepEqual(
      told(host, "put").map((put) => (put as { opened: unknown }).opened),
      [null, null],
    );
  });

  test("are deleted by their identity", async () => {
    await using host = await start({ links: [link] });
    await host.waitHealthy();
    await host.deleteLink(link);
    await until("the deletion", 5000, () => told(host, "delete").length > 0);
    assert.deepEqual(told(host, "delete"), [
      { ...onTheWire, source_config: {} },
    ]);
  });

  test("and config of now are what a restarted process gets, with the same keys", async () => {
    await using host = await start({ links: [link] });
    await host.waitHealthy();
    await host.deleteLink(link);
    await host.putLink({ ...link, name: "second" });
    await host.updateConfig({ health: '{"healthy":false,"message":"tired"}' });
    await until("the config", 5000, () => told(host, "config").length > 0);
    const { pid } = host;
    await host.restart();
    assert.notEqual(host.pid, pid);
    assert.equal(await host.waitUnhealthy(/tired/), "tired");
    assert.deepEqual(told(host, "links").at(-1), [
      { ...onTheWire, name: "second" },
    ]);
    const [before, now] = told(host, "instance");
    assert.notEqual(before, now);
  });
});

describe("health", () => {
  test("without an answer is an error", async () => {
    await using host = await start({ provider: [process.execPath, "-e", "1"] });
    await host.ended;
    await assert.rejects(host.health(), /no responders/);
  });

  test("that is not JSON, or not health, is an error", async () => {
    await using host = await start({ config: { health: '{"healthy":1}' } });
    await until("an answer", 5000, () =>
      host.health().catch(({ message }) => !/no responders/.test(message)),
    );
    await assert.rejects(
      host.waitHealthy(500),
      /Last: Error: Not a valid health answer: \{"healthy":1\}/,
    );
  });
});

describe("the end of a provider", () => {
  test("is SIGKILL as soon as it has answered", async () => {
    await using host = await start();
    await host.waitHealthy();
    const { replied, ms, end } = await host.shutdown({ delayMs: 5000 });
    assert.equal(replied, true);
    assert.ok(ms < 4000);
    assert.ok(end?.signal === "SIGKILL" || process.env["NODE_V8_COVERAGE"]);
    assert.deepEqual(told(host, "shutdown"), [{ host_id: host.keys.hostId }]);
    assert.equal(host.running, false);
  });

  test("is SIGKILL when the delay is over", async () => {
    await using host = await start({ config: { shutdown: "silent" } });
    await host.waitHealthy();
    const { replied, ms } = await host.shutdown();
    assert.equal(replied, false);
    assert.ok(ms >= 295 && ms < 3000, `${ms}`);
    assert.equal(host.running, false);
  });

  test("does not come with the host's own: the provider is an orphan", async () => {
    const host = await start({ killableHost: true });
    await host.waitHealthy();
    const { pid } = host;
    host.killHost();
    assert.equal((await host.health()).healthy, true);
    assert.ok(process.kill(pid, 0));
    await host.close();
    assert.equal(host.running, false);
    assert.deepEqual(await host.ended, { code: null, signal: "SIGKILL" });
  });

  test("tells its exit code, through a host's process too", async () => {
    for (const killableHost of [false, true]) {
      await using host = await start({ config: { exit: "3" }, killableHost });
      assert.deepEqual(await host.ended, { code: 3, signal: null });
    }
  });

  test("a host without a process above the provider cannot be killed", async () => {
    await using host = await start();
    assert.throws(() => host.killHost(), {
      message:
        "This host cannot be killed. Start it with `killableHost: true`.",
    });
  });
});

test("without a program it is the host of a provider in this process", async () => {
  await using host = await HostDouble.start({ lattice: server, links: [link] });
  const data = JSON.parse(new TextDecoder().decode(host.hostDataBytes()));
  assert.deepEqual(data.link_definitions, [onTheWire]);
  const { health, shutdown } = host.subjects;
  for (const [subject, answer] of [
    [health, '{"healthy":true}'],
    [shutdown, ""],
  ] as const)
    host.connection.subscribe(subject, {
      callback: (_, message) => void message.respond(answer),
    });
  await host.waitHealthy();
  const { replied, end } = await host.shutdown();
  assert.deepEqual({ replied, end }, { replied: true, end: undefined });
  assert.throws(() => host.pid, {
    message:
      "This host has no process. Start it with `provider: [program, …]`.",
  });
});
