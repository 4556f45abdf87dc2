import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { JetStreamTraffic, makeOperator, natsServer } from "@keyturn/testkit";

import { connect } from "../connection/connect.js";
import { userJwtCredential } from "../credentials/makers.js";

const origin = { source: "this test", plaintext: false };

test("JetStream and KV go on under rotations: nothing lost, doubled or delivered again", async () => {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  await using server = await natsServer({
    config: await operator.serverConfig(),
    jetstream: true,
    debug: false,
  });
  const make = async () =>
    userJwtCredential({ ...(await account.user("rotating")), origin });
  await using connection = await connect({
    servers: server.url,
    credentials: make,
  });
  await using peer = await connect({
    servers: server.url,
    credentials: await make(),
  });
  const traffic = await JetStreamTraffic.start(connection, peer);
  for (let i = 0; i < 15; i++) {
    await pause(20);
    await connection.refreshCredentials();
  }
  await pause(100);
  const report = await traffic.stop();
  assert.equal(connection.posture().handovers, 15);
  assert.deepEqual(report.errors, []);
  assert.equal(report.redelivered, 0);
  assert.equal(report.unacknowledged, 0);
  for (const { name, sent, lost, duplicated } of report.streams) {
    assert.ok(sent > 50, `${name}: ${sent} sent`);
    assert.deepEqual(
      { name, lost, duplicated },
      { name, lost: 0, duplicated: 0 },
    );
  }
});
