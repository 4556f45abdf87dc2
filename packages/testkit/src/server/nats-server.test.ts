import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";

import { connect } from "@nats-io/transport-node";

import { isRunning } from "../process/is-running.js";
import { natsServer } from "./nats-server.js";

test("starts on a free port, takes connections, and leaves nothing when stopped", async () => {
  const server = await natsServer();
  const { pid } = server;
  assert.ok(isRunning(pid));
  assert.equal(server.running, true);
  const connection = await connect({ servers: server.url });
  assert.equal(connection.info?.version, server.version);
  const { connections } = await server.monitor<{ connections: unknown[] }>(
    "connz",
  );
  assert.equal(connections.length, 1);
  await connection.close();
  const [, folder] = await server.waitForLog(/file: (.*)\/server.conf/);
  assert.ok(existsSync(String(folder)));
  await server.stop();
  await server.stop();
  assert.ok(!existsSync(String(folder)));
  assert.ok(!isRunning(pid));
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
