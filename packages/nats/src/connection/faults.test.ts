import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { mock, test } from "node:test";

import { natsServer, until } from "@keyturn/testkit";

import { natsChannelName, type NatsEvent } from "../events/nats-events.js";
import { rejects } from "../errors/refuses.test.fixture.js";
import { connect } from "./connect.js";

const info = JSON.stringify({
  server_id: "S",
  version: "2.10.0",
  max_payload: 9,
});

test("a callback that throws stops nothing, and is told", async () => {
  await using server = await natsServer();
  const told: NatsEvent[] = [];
  const listen = (event: unknown): void => void told.push(event as NatsEvent);
  await using connection = await connect({
    servers: server.url,
    connectionLabel: "throws",
  });
  const thrown = new Error("a fault in somebody's code");
  let calls = 0;
  connection.subscribe("a", {
    max: 3,
    callback: () => {
      calls++;
      throw thrown;
    },
  });
  const warning = once(process, "warning") as Promise<[Error]>;
  connection.publish("a");
  assert.equal((await warning)[0].message, thrown.message);
  subscribe(natsChannelName, listen);
  try {
    for (let i = 0; i < 5; i++) connection.publish("a");
    await connection.flush();
  } finally {
    unsubscribe(natsChannelName, listen);
  }
  assert.equal(calls, 3);
  assert.deepEqual(
    told.map(({ type, message, error }) => [type, message, error]),
    [1, 2].map(() => [
      "callbackFailed",
      "The callback of the subscription to `a` threw.",
      thrown,
    ]),
  );
});

test("a stream that stops being NATS is left at once, and printed nowhere", async () => {
  const print = mock.method(console, "log", () => undefined);
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      if (data.includes("PING")) socket.write("PONG\r\n");
    });
    socket.write(`INFO ${info}\r\n`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    await using connection = await connect({ servers: `127.0.0.1:${port}` });
    await connection.flush();
    sockets[0]?.write("MSG a 1 6\r\ncanary\r\nBODY of a canary\r\n");
    await until("another connection", 4000, () => sockets.length > 1);
    await connection.flush();
    assert.equal(print.mock.callCount(), 0);
  } finally {
    server.close();
    print.mock.restore();
  }
});

test("a server that goes wrong while it is dialled does not speak NATS", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    // Who does not read does not see the end either.
    socket.resume();
    socket.write(`INFO ${info}\r\ncanary\r\n`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    await rejects(
      connect({ servers: `127.0.0.1:${port}` }),
      "CONNECT_NOT_NATS",
      `The NATS server at 127.0.0.1:${port} does not speak the NATS protocol. Check the address and the port.`,
    );
  } finally {
    server.close();
  }
});
