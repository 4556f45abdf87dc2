import assert from "node:assert/strict";
import { test } from "node:test";

import { makeOperator, natsServer, until } from "@keyturn/testkit";
import { jwtAuthenticator } from "@nats-io/nats-core";
import { connect as connectNatsJs } from "@nats-io/transport-node";

import { connect } from "../connection/connect.js";
import { userJwtCredential } from "../credentials/makers.js";
import type { LiveProtocol } from "./protocol.js";
import { origin, room } from "./room.test.fixture.js";
import { credentialChange } from "./status.js";

void test("one hand-over at a time, and the newest credential wins", async () => {
  await using at = await room();
  const protocol = at.connection.protocol as LiveProtocol;
  const moved: (string | undefined)[] = [];
  void (async () => {
    for await (const status of at.connection.status()) {
      const change = credentialChange(status);
      if (change?.type === "handedOver") moved.push(change.publicKey);
    }
  })();
  const users = await Promise.all([1, 2, 3].map(() => at.make({})));
  let read = 0;
  at.give(() => Promise.resolve(users[read++] ?? assert.fail()));
  const first = at.rotate();
  await until("two sockets", 5000, () => protocol.overlap !== undefined);
  const { candidate } = protocol;
  // The source gives two more before the first is in use.
  const second = at.connection.refreshCredentials();
  await until("the second", 5000, () => read === 2);
  await new Promise(setImmediate);
  const third = at.connection.refreshCredentials();
  assert.equal(protocol.candidate, candidate, "it is still at the first");
  await Promise.all([first, second, third]);
  await until("both", 5000, () => moved.length === 2);
  assert.deepEqual(moved, [users[0]?.publicKey, users[2]?.publicKey]);
  assert.equal(at.connection.posture().publicKey, users[2]?.publicKey);
});

void test("a connection of nats.js beside it, and it, do not disturb each other", async () => {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  await using server = await natsServer({
    config: await operator.serverConfig(),
    debug: false,
  });
  const user = await account.user("stock");
  const stock = await connectNatsJs({
    servers: server.url,
    authenticator: jwtAuthenticator(
      user.jwt,
      new TextEncoder().encode(user.seed),
    ),
    reconnectTimeWait: 10,
  });
  const make = async () =>
    userJwtCredential({ ...(await account.user("rotating")), origin });
  const ours = await connect({ servers: server.url, credentials: make });
  const told: string[] = [];
  for (const connection of [stock, ours])
    void (async () => {
      for await (const { type } of connection.status())
        told.push(`${connection === stock ? "stock" : "ours"} ${type}`);
    })();
  stock.subscribe("echo.stock", {
    callback: (_, m) => void m.respond("stock"),
  });
  ours.subscribe("echo.ours", { callback: (_, m) => void m.respond("ours") });
  await stock.flush();
  await ours.flush();
  const both = async (): Promise<void> => {
    assert.equal((await stock.request("echo.ours")).string(), "ours");
    assert.equal((await ours.request("echo.stock")).string(), "stock");
  };
  for (let i = 0; i < 3; i++) {
    await ours.refreshCredentials();
    await both();
  }
  assert.ok(!told.some((each) => each.startsWith("stock")));
  await stock.reconnect();
  await until("stock is back", 5000, () => told.includes("stock reconnect"));
  await stock.flush();
  await both();
  assert.ok(!told.includes("ours disconnect"));
  await ours.reconnect();
  await until("ours is back", 5000, () => told.includes("ours reconnect"));
  await ours.refreshCredentials();
  await ours.flush();
  await both();
  await stock.close();
  await ours.close();
});
