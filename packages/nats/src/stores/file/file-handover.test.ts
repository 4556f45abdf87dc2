import assert from "node:assert/strict";
import { test } from "node:test";

import {
  makeOperator,
  natsServer,
  rotateUnderTraffic,
  until,
} from "@keyturn/testkit";

import { connect } from "../../connection/connect.js";
import { kubeletWrites, tempFolder } from "./file-lab.test.fixture.js";

void test("each new file becomes a hand-over, in which nothing is lost", async () => {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  await using folder = await tempFolder();
  await using server = await natsServer({
    config: await operator.serverConfig(),
    debug: false,
  });
  const rewrite = async (name: string): Promise<string> => {
    const { publicKey, jwt, seed } = await account.user(name);
    await kubeletWrites(folder, { jwt, seed });
    return publicKey;
  };
  const first = await rewrite("first");
  await using connection = await connect({
    servers: server.url,
    credentials: `file://${folder.path}`,
  });
  assert.equal(connection.posture().publicKey, first);
  assert.equal(connection.posture().source, `file://${folder.path}`);
  const { version } = connection.posture();
  assert.equal(new Date(version ?? "").toISOString(), version);

  const rotations = 8;
  const report = await rotateUnderTraffic({
    connection,
    servers: [server.url],
    user: await account.user("peer"),
    rates: { jetStream: 0 },
    rotations,
    rotate: async () => {
      const { handovers } = connection.posture();
      const next = await rewrite("next");
      await until("the hand-over", 8000, () => {
        const { handovers: now, publicKey } = connection.posture();
        return now > handovers && publicKey === next;
      });
    },
  });
  assert.equal(connection.posture().handovers, rotations);
  assert.notEqual(connection.posture().version, version);
  for (const { name, sent, lost, duplicated, faults } of report.streams) {
    assert.ok(sent > 100, name);
    const wrong = faults.filter(({ kind }) => kind !== "late");
    assert.deepEqual([name, lost, duplicated, wrong], [name, 0, 0, []]);
  }
});

void test("a file that was broken across the expiry, and is mended, brings the connection back by itself", async () => {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  await using folder = await tempFolder();
  await using server = await natsServer({
    config: await operator.serverConfig(),
  });
  const short = await account.user("short", { expiresInSeconds: 3 });
  await folder.replace("nats.creds", short.creds);
  await using connection = await connect({
    servers: server.url,
    credentials: `file://${folder.at("nats.creds")}`,
  });
  await folder.replace("nats.creds", "broken");
  await until("the wait for a credential", 10_000, () => {
    return connection.posture().state === "waiting";
  });
  assert.match(
    connection.posture().lastError?.message ?? "",
    /its source gives no other: What file:.* has is no credential/,
  );
  const { creds, publicKey } = await account.user("next");
  await folder.replace("nats.creds", creds);
  await until("the connection", 5000, () => {
    const { state, publicKey: now } = connection.posture();
    return state === "connected" && now === publicKey;
  });
  await connection.flush();
});
