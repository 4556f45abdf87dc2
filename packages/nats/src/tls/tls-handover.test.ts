import assert from "node:assert/strict";
import { test } from "node:test";

import { natsServer, rotateUnderTraffic } from "@keyturn/testkit";

import {
  authority,
  ca,
  room,
  write,
  type Room,
} from "./tls-lab.test.fixture.js";

async function assertLossless(at: Room, tls: object = {}): Promise<void> {
  const rotations = 6;
  const { certificate: cert, key } = authority.client("peer");
  const report = await rotateUnderTraffic({
    connection: at.connection,
    servers: [at.server.url],
    tls: { ca, cert, key, ...tls },
    rates: { jetStream: 0 },
    rotations,
    rotate: async () => {
      await write(at.folder, authority.client("orders"));
      await at.connection.refreshCredentials();
    },
  });
  for (const { name, lost, duplicated } of report.streams)
    assert.deepEqual(
      { name, lost, duplicated },
      { name, lost: 0, duplicated: 0 },
    );
  assert.deepEqual([report.served.errors, report.made.errors], [[], []]);
  assert.equal(at.connection.posture().handovers, rotations);
  assert.deepEqual(report.statuses, [], "nats.js noticed something");
}

void test("new certificates in a Kubernetes volume become hand-overs, and nothing is lost", async () => {
  await using at = await room(authority.client("orders"));
  await assertLossless(at);
});

void test("so they do with TLS first", async (t) => {
  await using plain = await natsServer();
  if (plain.version.startsWith("2.9.")) return t.skip("this server is too old");
  const tls = { handshakeFirst: true };
  await using at = await room(
    authority.client("orders"),
    { tls: { ...authority.server(), ...tls } },
    { tls },
  );
  await assertLossless(at, tls);
});

void test("and on a WebSocket", async () => {
  await using at = await room(authority.client("orders"), { webSocket: {} });
  await assertLossless(at);
});
