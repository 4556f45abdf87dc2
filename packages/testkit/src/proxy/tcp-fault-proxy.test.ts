import assert from "node:assert/strict";
import {
  connect as dial,
  createServer,
  type Server,
  type Socket,
} from "node:net";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";

import { connect } from "@nats-io/transport-node";

import { ManagedChild } from "../process/managed-child.js";
import { natsServer } from "../server/nats-server.js";
import { until } from "../wait/until.js";
import { tcpFaultProxy, type TcpFaultProxy } from "./tcp-fault-proxy.js";

/** A peer on either side of the proxy: what it has got, and how that ended. */
class Peer {
  readonly socket: Socket;
  got = Buffer.alloc(0);
  end: string | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => {
      this.got = Buffer.concat([this.got, chunk as Buffer]);
    });
    socket.on("end", () => (this.end ??= "FIN"));
    socket.on("error", (error) => {
      this.end ??= (error as NodeJS.ErrnoException).code ?? "";
    });
  }

  has(length: number): Promise<unknown> {
    return until(`${length} bytes`, 5000, () => this.got.length >= length);
  }

  ends(how: string): Promise<unknown> {
    return until(how, 5000, () => this.end !== undefined).then(() =>
      assert.equal(this.end, how),
    );
  }
}

let server: Server;
let proxy: TcpFaultProxy;
let accepted: Peer[];
let clients: Peer[];
beforeEach(async () => {
  accepted = [];
  clients = [];
  server = createServer({ allowHalfOpen: true }, (socket) =>
    accepted.push(new Peer(socket)),
  );
  await new Promise<void>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve()),
  );
  proxy = await tcpFaultProxy(server.address() as { port: number });
});
afterEach(async () => {
  await proxy.close();
  for (const { socket } of [...accepted, ...clients]) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** A connection through the proxy: its two ends. */
async function pair(): Promise<[client: Peer, server: Peer]> {
  const before = accepted.length;
  const socket = dial({
    port: proxy.port,
    host: "127.0.0.1",
    allowHalfOpen: true,
  });
  const client = new Peer(socket);
  clients.push(client);
  await until("a connection", 5000, () => accepted.length > before);
  return [client, accepted[before]!];
}

const noise = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i * 7919) % 251));

describe("a proxy that is left alone", () => {
  test("passes megabytes both ways, in order, and records them", async () => {
    const [client, server] = await pair();
    const bytes = noise(3_000_000);
    client.socket.write(bytes);
    server.socket.write(bytes);
    await Promise.all([client.has(bytes.length), server.has(bytes.length)]);
    assert.ok(client.got.equals(bytes) && server.got.equals(bytes));
    assert.equal(proxy.bytes("toServer"), bytes.length);
    assert.ok(proxy.recorded("toClient").equals(bytes));
  });

  test("passes ends on, each way by itself", async () => {
    const [client, server] = await pair();
    client.socket.end("last words");
    await server.ends("FIN");
    assert.equal(String(server.got), "last words");
    server.socket.end("answer");
    await client.ends("FIN");
    assert.equal(String(client.got), "answer");
    await until("both closed", 5000, () => proxy.open === 0);
  });

  test("passes a reset on", async () => {
    const [client, server] = await pair();
    client.socket.resetAndDestroy();
    await server.ends("ECONNRESET");
  });

  test("has nobody behind it when nobody listens there", async () => {
    const port = await new Promise<number>((resolve) => {
      const free = createServer().listen(0, "127.0.0.1", () => {
        const { port } = free.address() as { port: number };
        free.close(() => resolve(port));
      });
    });
    proxy.retarget({ port });
    const client = new Peer(dial(proxy.port, "127.0.0.1"));
    clients.push(client);
    await client.ends("ECONNRESET");
  });

  test("does not give out a recording that is not whole", async () => {
    await using small = await tcpFaultProxy(
      server.address() as { port: number },
      { recordBytes: 4 },
    );
    const client = dial(small.port, "127.0.0.1").on("error", () => undefined);
    client.write("12345");
    await until("the bytes", 5000, () => small.bytes("toServer") === 5);
    assert.throws(() => small.recorded("toServer"), {
      message:
        "1 bytes toServer came after the recording was full. Raise `recordBytes`.",
    });
    client.destroy();
  });
});

describe("a proxy that is told to", () => {
  test("pause holds back and loses nothing", async () => {
    const [client, server] = await pair();
    proxy.pause();
    client.socket.write("held");
    client.socket.end();
    await setTimeout(50);
    assert.equal(server.got.length, 0);
    assert.equal(server.end, undefined);
    proxy.resume();
    await server.ends("FIN");
    assert.equal(String(server.got), "held");
  });

  test("swallow takes everything and passes nothing, even later", async () => {
    const [client, server] = await pair();
    proxy.swallow();
    client.socket.write("lost");
    await until("the bytes", 5000, () => proxy.bytes("toServer") === 4);
    proxy.heal();
    client.socket.write("found");
    await server.has(5);
    assert.equal(String(server.got), "found");
  });

  test("delay takes its time and keeps the order", async () => {
    const [client, server] = await pair();
    proxy.delay(80);
    const started = performance.now();
    client.socket.write("a");
    await until("a", 5000, () => proxy.bytes("toServer") === 1);
    client.socket.write("b");
    await until("b", 5000, () => proxy.bytes("toServer") === 2);
    proxy.delay(0);
    client.socket.write("c");
    await server.has(3);
    assert.ok(performance.now() - started >= 80);
    assert.equal(String(server.got), "abc");
  });

  test("throttle takes as long as the bytes need", async () => {
    const [client, server] = await pair();
    proxy.throttle(100_000);
    const started = performance.now();
    client.socket.write(noise(20_000));
    await server.has(20_000);
    assert.ok(performance.now() - started >= 190);
    assert.ok(server.got.equals(noise(20_000)));
  });

  test("cut resets both sides", async () => {
    const [client, server] = await pair();
    proxy.cut();
    await Promise.all([client.ends("ECONNRESET"), server.ends("ECONNRESET")]);
    assert.equal(proxy.open, 0);
    await pair();
    assert.equal(proxy.accepted, 2);
  });

  test("half-close ends one way only", async () => {
    const [client, server] = await pair();
    proxy.halfClose("toServer");
    await server.ends("FIN");
    server.socket.write("still here");
    await client.has(10);
    assert.equal(client.end, undefined);
  });

  test("break after so many bytes: no more of them arrive, and the next connection is whole", async () => {
    const [client, server] = await pair();
    client.socket.write("12345");
    await server.has(5);
    proxy.breakAfter("toServer", 3);
    client.socket.write("67890");
    await server.ends("FIN");
    await client.ends("ECONNRESET");
    assert.equal(String(server.got), "12345678");
    const [again, there] = await pair();
    again.socket.write("abcdef");
    await there.has(6);
  });

  test("refuse resets those who come, and not those who are there", async () => {
    const [client, server] = await pair();
    proxy.refuse();
    const refused = new Peer(dial(proxy.port, "127.0.0.1"));
    clients.push(refused);
    await refused.ends("ECONNRESET");
    client.socket.write("x");
    await server.has(1);
    proxy.heal();
    await pair();
  });
});

test("a cut in the moment of an end does not keep a process from exiting", async () => {
  const here = new URL("tcp-fault-proxy.js", import.meta.url).href;
  const child = await ManagedChild.start({
    command: process.execPath,
    args: [
      "--input-type=module",
      "-e",
      `import { connect, createServer } from "node:net";
       import { once } from "node:events";
       import { tcpFaultProxy } from ${JSON.stringify(here)};
       const server = createServer((socket) => socket.on("error", () => 1)).listen(0, "127.0.0.1");
       await once(server, "listening");
       const proxy = await tcpFaultProxy(server.address());
       const client = connect(proxy.port, "127.0.0.1").on("error", () => 1);
       await once(server, "connection");
       proxy.halfClose("toServer");
       process.nextTick(() => setImmediate(() => proxy.close()));
       proxy.halfClose("toClient");
       process.nextTick(() => proxy.cut());
       server.close();`,
    ],
  });
  try {
    await until("its exit", 5000, () => child.over);
  } finally {
    child.kill("SIGKILL");
  }
});

test("NATS through a proxy survives cuts", async () => {
  await using nats = await natsServer();
  await using between = await tcpFaultProxy(nats);
  const connection = await connect({
    servers: between.url,
    reconnectTimeWait: 10,
  });
  const statuses: string[] = [];
  void (async () => {
    for await (const { type } of connection.status()) statuses.push(type);
  })();
  between.cut();
  await until("the reconnect", 5000, () => statuses.includes("reconnect"));
  await connection.flush();
  await connection.close();
  assert.match(String(between.recorded("toServer")), /^CONNECT \{/);
});
