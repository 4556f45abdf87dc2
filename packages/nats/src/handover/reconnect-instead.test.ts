import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { makeOperator, natsServer, until } from "@keyturn/testkit";

import { connect } from "../connection/connect.js";
import { userJwtCredential } from "../credentials/makers.js";
import type { CredentialChange } from "./posture.js";
import { origin } from "./room.test.fixture.js";

/** An account with room for two connections, and both of them. */
async function fullHouse() {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  account.change({ limits: { conn: 2 } });
  const server = await natsServer({
    config: await operator.serverConfig(),
    debug: false,
  });
  const make = async () =>
    userJwtCredential({ ...(await account.user("rotating")), origin });
  const connection = await connect({ servers: server.url, credentials: make });
  const peer = await connect({
    servers: server.url,
    credentials: await make(),
  });
  const told: CredentialChange[] = [];
  void (async () => {
    for await (const status of connection.status() as AsyncIterable<unknown>)
      told.push(status as CredentialChange);
  })();
  return {
    connection,
    peer,
    told,
    [Symbol.asyncDispose]: async () => {
      await connection.close();
      await peer.close();
      await server.stop();
    },
  };
}

void test("without room for a second connection it is made anew: nothing published, asked or shared is lost", async () => {
  await using at = await fullHouse();
  const { connection, peer } = at;
  const before = connection.posture().publicKey;
  const shared: string[] = [];
  const share = {
    queue: "w",
    callback: (_: unknown, m: { string(): string }) =>
      void shared.push(m.string()),
  };
  connection.subscribe("shared", share);
  peer.subscribe("shared", share);
  const heard: number[] = [];
  peer.subscribe("out", {
    callback: (_, m) => void heard.push(Number(m.string())),
  });
  peer.subscribe("ask", {
    callback: (_, m) => void pause(100).then(() => m.respond(m.data)),
  });
  await connection.flush();
  await peer.flush();

  const asked: Promise<string>[] = [];
  let sent = 0;
  const pump = setInterval(() => {
    connection.publish("out", `${sent}`);
    peer.publish("shared", `${sent++}`);
  }, 1);
  for (let i = 0; i < 20; i++)
    asked.push(
      connection
        .request("ask", `${i}`, { timeout: 10_000 })
        .then((m) => m.string()),
    );
  await pause(20);
  await connection.refreshCredentials();
  await pause(20);
  clearInterval(pump);

  assert.deepEqual(
    await Promise.all(asked),
    asked.map((_, i) => `${i}`),
  );
  await connection.flush();
  await peer.flush();
  await until("all that was published", 5000, () => heard.length === sent);
  assert.deepEqual(heard, [...heard.keys()], "in order");
  await until("all that was shared", 5000, () => shared.length === sent);
  assert.notEqual(connection.posture().publicKey, before);
  assert.equal(connection.posture().state, "connected");
  assert.equal(connection.posture().lastError, undefined);
  const cost = at.told.find((change) => change.type === "reconnectedInstead");
  assert.ok(
    cost?.type === "reconnectedInstead" && cost.gapMs > 0 && cost.gapMs < 5000,
  );
});

void test("several in a row are made one after the other, and the newest wins", async () => {
  await using at = await fullHouse();
  await Promise.all([
    at.connection.refreshCredentials(),
    at.connection.refreshCredentials(),
  ]);
  await at.connection.refreshCredentials();
  await at.connection.flush();
  assert.equal(at.connection.posture().state, "connected");
  const anew = at.told.filter(({ type }) => type === "reconnectedInstead");
  assert.equal(anew.length, 2);
});
