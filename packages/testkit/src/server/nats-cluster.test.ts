import assert from "node:assert/strict";
import { test } from "node:test";

import { connect } from "@nats-io/transport-node";

import { until } from "../wait/until.js";
import { natsCluster } from "./nats-cluster.js";

test("messages pass between any two members, also after the first was restarted", async () => {
  await using cluster = await natsCluster(3);
  assert.equal(cluster.urls.length, 3);
  const [first, , last] = cluster.servers;
  await first!.restart();
  await cluster.whole();
  const receiver = await connect({ servers: first!.url });
  const sender = await connect({ servers: last!.url });
  let got = 0;
  receiver.subscribe("x", { callback: () => void got++ });
  await receiver.flush();
  await until("a message through the cluster", 5000, () => {
    sender.publish("x");
    return got > 0;
  });
  await Promise.all([receiver.close(), sender.close()]);
});

test("a cluster that cannot start leaves no member", async () => {
  await assert.rejects(
    natsCluster(2, { config: { no_such_setting: 1 } }),
    /no_such_setting/,
  );
});
