import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { natsServer } from "@keyturn/testkit";

import { connect } from "../connection/connect.js";
import type { HandoverTransport } from "./transport.js";

test("what is published in one turn of the event loop leaves in one write, in order", async () => {
  await using server = await natsServer();
  await using connection = await connect({ servers: server.url });
  const { transport } = (
    connection as unknown as { protocol: { transport: HandoverTransport } }
  ).protocol;
  await turn();
  const writes: string[] = [];
  const send = transport.send.bind(transport);
  transport.send = (frame) => {
    writes.push(Buffer.from(frame).toString());
    send(frame);
  };
  connection.publish("a", "1");
  await Promise.resolve();
  connection.publish("b", "2");
  queueMicrotask(() => connection.publish("c", "3"));
  process.nextTick(() => connection.publish("d", "4"));
  await turn();
  await turn();
  assert.deepEqual(writes, [
    "PUB a 1\r\n1\r\nPUB b 1\r\n2\r\nPUB c 1\r\n3\r\nPUB d 1\r\n4\r\n",
  ]);
  connection.publish("e", "5");
  await turn();
  await turn();
  assert.equal(writes.length, 2, "and the next turn is another");
});
