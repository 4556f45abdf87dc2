import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";

import { connect } from "@nats-io/transport-node";

import { natsServer } from "./nats-server.js";

const folders = (): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith("keyturn-nats-"));

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("starts on a free port, takes connections, and leaves nothing when stopped", async () => {
  const before = folders();
  const server = await natsServer();
  const { pid } = server;
  assert.ok(runs(pid));
  assert.equal(server.running, true);
  const connection = await connect({ servers: server.url });
  assert.equal(connection.info?.version, server.version);
  const { connections } = await server.monitor<{ connections: unknown[] }>(
    "connz",
  );
  assert.equal(connections.length, 1);
  await connection.close();
  assert.equal(
    folders().filter((name) => !before.includes(name)).length > 0,
    true,
  );
  await server.stop();
  await server.stop();
  assert.ok(!runs(pid));
  assert.equal(server.pid, -1);
});

test("two servers at once have different ports", async () => {
  await using one = await natsServer();
  await using two = await natsServer();
  assert.notEqual(one.port, two.port);
});

test("restarts on the same port, also after it was killed", async () => {
  await using server = await natsServer();
  const { port, pid } = server;
  await server.restart();
  assert.equal(server.port, port);
  assert.notEqual(server.pid, pid);
  server.kill("SIGKILL");
  await server.restart();
  const connection = await connect({ servers: server.url });
  await connection.close();
});

test("settings: payload, name, JetStream, users", async () => {
  await using server = await natsServer({
    name: "small",
    maxPayload: 1000,
    jetstream: true,
    config: { authorization: { user: "ada", password: "secret" } },
  });
  await assert.rejects(connect({ servers: server.url }), /Authorization/);
  const connection = await connect({
    servers: server.url,
    user: "ada",
    pass: "secret",
  });
  const { server_name, max_payload, jetstream } = connection.info ?? {};
  assert.deepEqual(
    { server_name, max_payload, jetstream },
    { server_name: "small", max_payload: 1000, jetstream: true },
  );
  await connection.close();
});

test("a reload puts other settings in force", async () => {
  await using server = await natsServer();
  await server.reload({ authorization: { token: "open sesame" } });
  await assert.rejects(connect({ servers: server.url }), /Authorization/);
  const token = "open sesame";
  await (await connect({ servers: server.url, token })).close();
});

test("a reload that the server refuses says why", async () => {
  await using server = await natsServer();
  await assert.rejects(server.reload({ server_name: "other" }), (error) => {
    assert.match(
      String(error),
      /^Error: nats-server: Failed to reload server configuration: .*ServerName/,
    );
    return true;
  });
});

test("a server that does not start says why and leaves nothing", async () => {
  await assert.rejects(
    natsServer({ config: { no_such_setting: true } }),
    /^Error: nats-server ended with code 1:\n.*no_such_setting/s,
  );
});

test("a stopped server cannot be signalled", async () => {
  const server = await natsServer();
  await server.stop();
  assert.throws(() => server.kill("SIGHUP"), {
    message: "This nats-server has been stopped. Start another one.",
  });
});
