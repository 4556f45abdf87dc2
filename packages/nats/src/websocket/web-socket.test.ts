import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { promisify } from "node:util";

import {
  makeOperator,
  makeTlsAuthority,
  natsCluster,
  natsServer,
  rotateUnderTraffic,
  until,
  type NatsServerOptions,
  type TestUser,
  type UserOptions,
} from "@keyturn/testkit";

import { connect, type ConnectOptions } from "../connection/connect.js";
import type { Credential } from "../credentials/credential.js";
import { userJwtCredential } from "../credentials/makers.js";
import { rejects } from "../errors/refuses.test.fixture.js";
import type { LiveConnection } from "../handover/live-connection.js";
import { webSockets } from "./web-sockets.js";

const origin = { source: "this test", plaintext: false };
const authority = makeTlsAuthority();
const ca = authority.certificate;

interface Room extends AsyncDisposable {
  readonly server: Awaited<ReturnType<typeof natsServer>>;
  /** On a WebSocket; its user is another one at each refresh. */
  readonly connection: LiveConnection;
  user(): Promise<TestUser>;
  make(user?: UserOptions): Promise<Credential>;
  give(next: () => Promise<Credential>): void;
}

async function room(
  options: NatsServerOptions = {},
  connectOptions: Partial<ConnectOptions> = {},
  host = "127.0.0.1",
): Promise<Room> {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  const server = await natsServer({
    config: await operator.serverConfig(),
    webSocket: {},
    debug: false,
    ...options,
  });
  const make = async (user: UserOptions = {}): Promise<Credential> =>
    userJwtCredential({ ...(await account.user("rotating", user)), origin });
  let source = (): Promise<Credential> => make();
  const connection = await connect({
    servers: server.webSocketUrl?.replace("127.0.0.1", host) ?? "",
    credentials: () => source(),
    ...connectOptions,
  });
  return {
    server,
    connection,
    user: () => account.user("peer"),
    make,
    give: (next) => {
      source = next;
    },
    [Symbol.asyncDispose]: async () => {
      await connection.close();
      await server.stop();
    },
  };
}

async function assertLossless(at: Room, ca?: string): Promise<void> {
  const report = await rotateUnderTraffic({
    connection: at.connection,
    servers: [at.server.url],
    user: await at.user(),
    ...(ca !== undefined && { tls: { ca } }),
    rates: { jetStream: 0 },
    rotations: 6,
    rotate: () => at.connection.refreshCredentials(),
  });
  for (const { name, sent, lost, duplicated } of report.streams) {
    assert.ok(sent > 100, `${name}: ${sent} sent`);
    assert.deepEqual(
      { name, lost, duplicated },
      { name, lost: 0, duplicated: 0 },
    );
  }
  assert.deepEqual([report.served.errors, report.made.errors], [[], []]);
  assert.equal(at.connection.posture().handovers, 6);
  assert.deepEqual(report.statuses, [], "nats.js noticed something");
}

void test("back-to-back rotations on a WebSocket lose nothing and repeat nothing", async () => {
  await using at = await room();
  await assertLossless(at);
});

void test("so it is with TLS and compression, and by name", async () => {
  await using at = await room(
    { tls: authority.server(), webSocket: { compression: true } },
    { tls: { ca } },
    "localhost",
  );
  await assertLossless(at, ca);
});

void test("large messages and many small ones", async () => {
  for (const compression of [false, true]) {
    await using at = await room({ webSocket: { compression } });
    const { connection } = at;
    const got: Uint8Array[] = [];
    connection.subscribe("x", {
      callback: (_, { data }) => void got.push(data),
    });
    const large = new Uint8Array(900_000).map((_, i) => i % 251);
    connection.publish("x", large);
    for (let i = 0; i < 5000; i++) connection.publish("x", `${i}`);
    await connection.flush();
    assert.equal(got.length, 5001);
    assert.deepEqual(Buffer.from(got[0] ?? []), Buffer.from(large));
    assert.equal(Buffer.from(got[5000] ?? []).toString(), "4999");
  }
});

void test("it comes back after a restart of the server, and goes on", async () => {
  await using at = await room();
  const { connection, server } = at;
  const got: string[] = [];
  connection.subscribe("x", {
    callback: (_, message) => void got.push(message.string()),
  });
  await server.restart();
  await until("the connection", 5000, () =>
    connection.posture().state === "connected" ? true : undefined,
  );
  connection.publish("x", "again");
  await connection.refreshCredentials();
  connection.publish("x", "on the next socket");
  await connection.flush();
  assert.deepEqual(got, ["again", "on the next socket"]);
});

void test("a refused credential: the first fails fast, another leaves all as it was", async () => {
  await using at = await room();
  const refused = await at.make({ claims: { src: ["10.9.8.0/24"] } });
  await rejects(
    connect({ servers: at.server.webSocketUrl ?? "", credentials: refused }),
    "CONNECT_REFUSED",
    `The NATS server at ${at.server.webSocketUrl} refused the credential ${refused.publicKey} of account ${refused.account}, from this test. Check with the server's log whether the user is revoked, unknown to this operator, or limited to other addresses.`,
  );
  const before = at.connection.posture().publicKey;
  at.give(() => Promise.resolve(refused));
  await assert.rejects(at.connection.refreshCredentials(), {
    code: "HANDOVER_REFUSED",
  });
  assert.equal(at.connection.posture().publicKey, before);
  await at.connection.flush();
});

void test("another server of the cluster takes over from one in lame duck mode", async () => {
  await using cluster = await natsCluster(2, { webSocket: {} });
  const [first, second] = cluster.servers;
  const connection = await connect({ servers: first?.webSocketUrl ?? "" });
  const { port } = new URL(second?.webSocketUrl ?? "");
  await until("gossip", 5000, () =>
    connection.info?.connect_urls?.some((url) => url.endsWith(port)) === true
      ? true
      : undefined,
  );
  first?.kill("SIGUSR2");
  await until("the hand-over", 5000, () =>
    connection.posture().handovers === 1 ? true : undefined,
  );
  assert.ok(connection.getServer().endsWith(`:${port}`));
  await connection.flush();
  await connection.close();
});

void test("what is no WebSocket", async () => {
  await using server = await natsServer({ webSocket: {} });
  const plain = new URL(server.webSocketUrl ?? "").host;
  const notNats = "CONNECT_NOT_NATS";
  await rejects(
    connect({ servers: `ws://127.0.0.1:${server.port}` }),
    notNats,
    `The NATS server at ws://127.0.0.1:${server.port} does not speak HTTP, so it gives no WebSocket. Write its address as \`nats://\`, or name the port of its WebSockets.`,
  );
  await rejects(
    connect({ servers: `wss://${plain}` }),
    "CONNECT_TLS_FAILED",
    `The NATS server at wss://${plain} does not begin with TLS. Leave \`tls.handshakeFirst\` out, write \`ws://\` in place of \`wss://\`, or set TLS up at the server.`,
  );
  await using secure = await natsServer({
    webSocket: {},
    tls: authority.server(),
  });
  const encrypted = new URL(secure.webSocketUrl ?? "").host;
  await rejects(
    connect({ servers: `ws://${encrypted}` }),
    notNats,
    `The NATS server at ws://${encrypted} answered with HTTP status 400 in place of a WebSocket. Check port and path, and whether it is \`wss://\` or \`ws://\` there.`,
  );
  await rejects(
    connect({ servers: `wss://${encrypted}` }),
    "CONNECT_TLS_FAILED",
    `The NATS server at wss://${encrypted} has a certificate of an authority that is not trusted here. Add the certificate of that authority to the CA bundle.`,
  );
});

void test("options that do not go together with WebSockets are refused", async () => {
  const refused = (options: ConnectOptions, message: string): Promise<void> =>
    rejects(connect(options), "CONNECT_OPTIONS_CONFLICT", message);
  await refused(
    { servers: "ws://a", tls: { ca } },
    "The option `tls` is set, and the server addresses are `ws://`. Write them as `wss://`, or leave the option out.",
  );
  await refused(
    { servers: "wss://a", tls: { ca, handshakeFirst: true } },
    "The option `tls.handshakeFirst` has no meaning for `wss://`: TLS comes first there. Leave it out.",
  );
  await refused(
    { servers: "wss://a", tls: null },
    "A server address demands TLS, and the option `tls` is null. Leave one of them out.",
  );
});

void test("the request has path and name; a server that is silent leaves no socket behind", async () => {
  let request = "";
  let open = 0;
  const silent = createServer((socket) => {
    open++;
    socket.on("data", (chunk) => (request += chunk.toString("latin1")));
    socket.on("error", () => undefined);
    socket.on("close", () => open--);
  }).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const servers = `ws://localhost:${port}/nats/ws`;
  await rejects(
    connect({ servers, timeout: 300 }),
    "CONNECT_TIMEOUT",
    `The NATS server at ${servers} did not complete the connection in time. Look whether it is a NATS server, and at the load of it and the path to it.`,
  );
  assert.match(request, /^GET \/nats\/ws HTTP\/1\.1\r\n/);
  assert.match(request, new RegExp(`\r\nHost: localhost:${port}\r\n`));
  await until("the end of the socket", 2000, () =>
    open === 0 ? true : undefined,
  );
  silent.close();
});

void test("the server of a name is dialled by the address that it was found at; an attempt can be ended", async () => {
  let request = "";
  let open = 0;
  const silent = createServer((socket) => {
    open++;
    socket.on("data", (chunk) => (request += chunk.toString("latin1")));
    socket.on("error", () => undefined);
    socket.on("close", () => open--);
  }).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const streams = await webSockets([`ws://nats.invalid:${port}`]);
  const target = { hostname: "127.0.0.1", port, tlsName: "nats.invalid" };
  const ending = new AbortController();
  const opening = streams.open(target, { timeout: 60_000 }, ending.signal);
  await until("the request", 5000, () =>
    request.endsWith("\r\n\r\n") ? true : undefined,
  );
  assert.match(request, new RegExp(`\r\nHost: nats\\.invalid:${port}\r\n`));
  ending.abort();
  await assert.rejects(opening);
  await until("the end of the socket", 2000, () =>
    open === 0 ? true : undefined,
  );
  silent.close();
});

void test("a server with TLS for TCP alone", async () => {
  await using server = await natsServer({
    webSocket: {},
    tls: authority.server(),
    config: { websocket: { listen: "127.0.0.1:-1", no_tls: true } },
  });
  const servers = server.webSocketUrl?.replace("wss:", "ws:") ?? "";
  const connection = await connect({ servers });
  await connection.flush();
  await connection.close();
});

void test("without the package `ws` it says what to type", async () => {
  const hook = `export async function resolve(name, context, next) {
    if (name === "ws") throw new Error("not installed");
    return next(name, context);
  }`;
  const program = `
    import { register } from "node:module";
    register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)});
    const { connect } = await import(${JSON.stringify(import.meta.resolve("../index.js"))});
    await connect({ servers: "ws://127.0.0.1" }).catch(({ code, message }) =>
      console.log(code + ": " + message));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--input-type=module",
    "--eval",
    program,
  ]);
  assert.equal(
    stdout,
    "CONNECT_WEBSOCKET_MISSING: A server address is that of a WebSocket, and the package `ws` cannot be loaded. Install it: `npm install ws@8`.\n",
  );
});
