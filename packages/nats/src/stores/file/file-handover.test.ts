import assert from "node:assert/strict";
import { test } from "node:test";

import {
  makeOperator,
  natsServer,
  rotationTorture,
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
  await folder.write("peer.creds", (await account.user("peer")).creds);
  await using peer = await connect({
    servers: server.url,
    credentials: `file://${folder.at("peer.creds")}`,
  });
  assert.equal(connection.posture().publicKey, first);
  assert.equal(connection.posture().source, `file://${folder.path}`);
  const { version } = connection.posture();
  assert.equal(new Date(version ?? "").toISOString(), version);

  const rotations = 8;
  const report = await rotationTorture({
    connection,
    peer,
    rotations,
    rate: 1000,
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
    assert.deepEqual([name, lost, duplicated, faults], [name, 0, 0, []]);
  }
});
