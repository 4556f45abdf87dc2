import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { makeOperator, natsCluster, until } from "@keyturn/testkit";
import type { NatsConnection } from "@nats-io/nats-core";

import { connect } from "../connection/connect.js";
import { userJwtCredential } from "../credentials/makers.js";
import { origin } from "./room.test.fixture.js";

const soonMs = 15_000;

/** A connection to the first server of a cluster, a peer on the second, and what became of the connection. */
async function clusterRoom(size: number, rotates = true) {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  const config = await operator.serverConfig();
  const cluster = await natsCluster(size, { config, debug: false });
  const make = async () =>
    userJwtCredential({ ...(await account.user("rotating")), origin });
  const connection = await connect({
    servers: cluster.urls[0] ?? assert.fail(),
    credentials: rotates ? make : await make(),
    handover: { proveMs: 10_000 },
  });
  const peer = await connect({
    servers: cluster.urls[1] ?? assert.fail(),
    credentials: await make(),
    ignoreClusterUpdates: true,
  });
  const statuses: string[] = [];
  void (async () => {
    for await (const { type } of connection.status()) statuses.push(type);
  })();
  return {
    cluster,
    config,
    connection,
    peer,
    statuses,
    [Symbol.asyncDispose]: async () => {
      await connection.close();
      await peer.close();
      await cluster.stop();
    },
  };
}

/** Numbered messages both ways, until it is stopped. */
async function traffic(connection: NatsConnection, peer: NatsConnection) {
  const came: number[] = [];
  const shared: number[] = [];
  const went: number[] = [];
  connection.subscribe("in", {
    callback: (_, m) => void came.push(Number(m.string())),
  });
  connection.subscribe("in", {
    queue: "w",
    callback: (_, m) => void shared.push(Number(m.string())),
  });
  peer.subscribe("out", {
    callback: (_, m) => void went.push(Number(m.string())),
  });
  await connection.flush();
  await peer.flush();
  // Until the servers know of the subscriptions of each other's clients.
  await until("the route", soonMs, async () => {
    peer.publish("in", "-1");
    connection.publish("out", "-1");
    await pause(10);
    return came.length > 0 && went.length > 0;
  });
  let sent = 0;
  const pump = setInterval(() => {
    for (let i = 0; i < 3; i++, sent++) {
      peer.publish("in", `${sent}`);
      connection.publish("out", `${sent}`);
    }
  }, 2);
  return async () => {
    clearInterval(pump);
    const all = Array.from({ length: sent }, (_, index) => index);
    const numbers = (list: number[]): number[] =>
      list.filter((number) => number >= 0).sort((a, b) => a - b);
    await Promise.all([connection.flush(), peer.flush()]);
    for (const list of [came, shared, went])
      await until("all", soonMs, () => numbers(list).length >= sent).catch(
        () => undefined,
      );
    assert.ok(sent > 100, `${sent} sent`);
    for (const list of [came, shared, went])
      assert.deepEqual(numbers(list), all);
  };
}

void test("in a cluster of three: the same server first, else another one, with nothing lost", async () => {
  await using at = await clusterRoom(3);
  const [first] = at.cluster.servers;
  const stop = await traffic(at.connection, at.peer);
  for (let i = 0; i < 3; i++) {
    await at.connection.refreshCredentials();
    assert.equal(at.connection.posture().lastHandover?.sameServer, true);
  }
  // The one in use has no room any more; the others have.
  await first?.reload({ ...at.config, max_connections: 1 });
  await at.connection.refreshCredentials();
  const { lastHandover } = at.connection.posture();
  assert.equal(lastHandover?.sameServer, false);
  assert.equal(lastHandover?.gap, false);
  assert.notEqual(at.connection.getServer(), `127.0.0.1:${first?.port}`);
  await pause(50);
  await stop();
  assert.ok(!at.statuses.includes("disconnect"));
});

void test("a server in lame duck mode is left with nothing lost, at once or when another one is there", async () => {
  await using at = await clusterRoom(2, false);
  const [first, second] = at.cluster.servers;
  const { connection } = at;
  // The other one has room for the peer alone at first.
  await second?.reload({ ...at.config, max_connections: 1 });
  first?.kill("SIGUSR2");
  await until("the notice", soonMs, () => at.statuses.includes("ldm"));
  await until("the first try", soonMs, () =>
    at.statuses.includes("handoverFailed"),
  );
  assert.equal(connection.posture().state, "connected");
  await second?.reload({ ...at.config, max_connections: 100 });
  const stop = await traffic(connection, at.peer);
  await until(
    "the hand-over",
    soonMs,
    () => connection.posture().handovers === 1,
  );
  assert.equal(connection.getServer(), `127.0.0.1:${second?.port}`);
  assert.equal(connection.posture().lastHandover?.sameServer, false);
  await pause(100);
  await stop();
  assert.equal(connection.posture().lastHandover?.gap, false);
  assert.ok(!at.statuses.includes("disconnect"));
});
