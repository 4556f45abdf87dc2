import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";

import { makeOperator, natsServer } from "@keyturn/testkit";

import { userJwtCredential, tokenCredential } from "../credentials/makers.js";
import { rejects } from "../errors/refuses.test.fixture.js";
import { connect } from "./connect.js";

const origin = { source: "this test", plaintext: false };
const operator = await makeOperator();
const account = await operator.account("APP");

/** Something that listens and is no NATS server. */
async function listener(
  answer: (socket: Socket) => void,
): Promise<AsyncDisposable & { readonly at: string }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    // Who does not read does not see the end either.
    socket.resume();
    answer(socket);
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    at: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => server.close(() => resolve())),
  };
}

test("a server or account with no room says so at once", async () => {
  await using full = await natsServer({ config: { max_connections: 1 } });
  await using first = await connect({ servers: full.url });
  await first.flush();
  const started = Date.now();
  await rejects(
    unlessReset(() => connect({ servers: full.url })),
    "CONNECT_LIMIT",
    `The NATS server at 127.0.0.1:${full.port} has no room: maximum connections exceeded. Close unused connections, or raise \`max_connections\` of the server or the account's limit.`,
  );
  assert.ok(Date.now() - started < 2500, "it did not wait for the timeout");

  const small = await operator.account("SMALL");
  small.change({ limits: { conn: 1 } });
  await using server = await natsServer({
    config: await operator.serverConfig(),
  });
  const dial = async (name: string) =>
    connect({
      servers: server.url,
      credentials: userJwtCredential({ ...(await small.user(name)), origin }),
    });
  await using one = await dial("one");
  await one.flush();
  await rejects(
    dial("two"),
    "CONNECT_LIMIT",
    `The NATS server at 127.0.0.1:${server.port} has no room: maximum account active connections exceeded. Close unused connections, or raise \`max_connections\` of the server or the account's limit.`,
  );
});

/**
 * A full server refuses and resets at once. If the reset comes before Node has seen the connection, the
 * refusal is lost on the way: then it is dialled again.
 */
async function unlessReset<T>(dial: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await dial();
    } catch (error) {
      if (tries === 20 || !/was reset/.test((error as Error).message))
        throw error;
    }
  }
}

test("nobody there", async () => {
  const hint =
    "Check the address, and that the server is running: `nats server check connection`.";
  await rejects(
    connect({ servers: "127.0.0.1:1,127.0.0.1:2" }),
    "CONNECT_UNREACHABLE",
    `The NATS server at 127.0.0.1:1, 127.0.0.1:2 could not be reached: nothing listens there. ${hint}`,
  );
  await rejects(
    connect({ servers: "no-such-host.invalid" }),
    "CONNECT_UNREACHABLE",
    `The NATS server at no-such-host.invalid:4222 could not be reached: its name is unknown. ${hint}`,
  );
});

test("somebody else there", async () => {
  await using silent = await listener(() => undefined);
  await rejects(
    connect({ servers: silent.at, timeout: 200 }),
    "CONNECT_TIMEOUT",
    `The NATS server at ${silent.at} did not complete the connection in time. Look whether it is a NATS server, and at the load of it and the path to it.`,
  );
  await using web = await listener((socket) =>
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
  );
  await rejects(
    connect({ servers: web.at }),
    "CONNECT_NOT_NATS",
    `The NATS server at ${web.at} does not speak the NATS protocol. Check the address and the port.`,
  );
  await using json = await listener((socket) =>
    socket.write("INFO {nonsense\r\n"),
  );
  await rejects(
    connect({ servers: json.at }),
    "CONNECT_NOT_NATS",
    `The NATS server at ${json.at} does not speak the NATS protocol. Check the address and the port.`,
  );
  for (const greeting of ["", `INFO {"version":"2.9.10"}\r\n`]) {
    await using curt = await listener((socket) => socket.end(greeting));
    await rejects(
      connect({ servers: curt.at }),
      "CONNECT_NOT_NATS",
      `The NATS server at ${curt.at} closed the connection without a word. Check the port; a server that is set to \`handshake_first\` needs the option \`tls.handshakeFirst\`.`,
    );
  }
});

test("a token that the server refuses", async () => {
  await using server = await natsServer({
    config: { authorization: { token: "good" } },
  });
  await rejects(
    connect({
      servers: server.url,
      credentials: tokenCredential({ token: "bad", origin }),
    }),
    "CONNECT_REFUSED",
    `The NATS server at 127.0.0.1:${server.port} refused the credential of kind token, from this test. Check with the server's log whether the user is revoked, unknown to this operator, or limited to other addresses.`,
  );
});

test("a credential that expires while the server is slow is not presented", async () => {
  const user = await account.user("short", { expiresInSeconds: 2 });
  const credentials = userJwtCredential({ ...user, origin });
  const expiresAt = credentials.expiresAt ?? new Date(0);
  let received = "";
  await using slow = await listener((socket) => {
    socket.on("data", (data) => (received += data.toString()));
    const info = { server_id: "S", nonce: "abc", max_payload: 1, version: "2" };
    setTimeout(
      () => socket.write(`INFO ${JSON.stringify(info)}\r\n`),
      expiresAt.getTime() + 10 - Date.now(),
    );
  });
  await rejects(
    connect({ servers: slow.at, credentials, timeout: 5000 }),
    "CREDENTIAL_EXPIRED",
    `The user JWT from this test expired at ${expiresAt.toISOString()}. Issue a new one and put it at the same source.`,
  );
  assert.equal(received, "");
});

test("an error of the credential source is passed on as it is", async () => {
  const down = new Error("the store is down");
  await assert.rejects(
    connect({
      servers: "127.0.0.1:1",
      credentials: () => Promise.reject(down),
    }),
    (error) => error === down,
  );
});

test("a credential that does not fit into the control line never reaches the server", async () => {
  await using server = await natsServer({
    config: await operator.serverConfig(),
  });
  const allow = Array.from({ length: 120 }, (_, i) => `orders.region-${i}.>`);
  const user = await account.user("long", {
    claims: { pub: { allow, deny: [] } },
  });
  const credentials = userJwtCredential({ ...user, origin });
  await rejects(
    connect({ servers: server.url, credentials, name: "n" }),
    "CREDENTIAL_JWT_TOO_LONG",
    `The credential from this test does not fit into a server's control line: CONNECT has ${connectLength(user.jwt)} bytes with it, of 4096. Shorten its permissions (a scoped signing key keeps them in the account), or raise \`max_control_line\` at the servers and tell it here (\`maxControlLine\`).`,
  );
  assert.doesNotMatch(server.logText(), /Client connection created/);
  await rejects(
    connect({ servers: server.url, credentials, maxControlLine: 16_384 }),
    "CREDENTIAL_JWT_TOO_LONG",
    `The NATS server at 127.0.0.1:${server.port} takes no CONNECT line as long as the one with the credential from this test: maximum control line exceeded. Shorten its permissions (a scoped signing key keeps them in the account), or raise \`max_control_line\` at the servers and tell it here (\`maxControlLine\`).`,
  );
});

test("where the servers take longer lines, longer credentials connect", async () => {
  await using server = await natsServer({
    config: { ...(await operator.serverConfig()), max_control_line: 16_384 },
  });
  const allow = Array.from({ length: 400 }, (_, i) => `orders.region-${i}.>`);
  const user = await account.user("long", {
    claims: { pub: { allow, deny: [] } },
  });
  const credentials = userJwtCredential({ ...user, origin });
  const options = { servers: server.url, credentials, maxControlLine: 16_384 };
  await (await connect(options)).close();
});

test("the limit is the server's to the byte", async () => {
  await using server = await natsServer({
    config: await operator.serverConfig(),
  });
  const user = await account.user("exact");
  const credentials = userJwtCredential({ ...user, origin });
  const name = "n".repeat(4096 - connectLength(user.jwt) + 1);
  const options = { servers: server.url, credentials };
  await (await connect({ ...options, name })).close();
  await rejects(
    connect({ ...options, name: `${name}n`, maxControlLine: 4097 }),
    "CREDENTIAL_JWT_TOO_LONG",
    `The NATS server at 127.0.0.1:${server.port} takes no CONNECT line as long as the one with the credential from this test: maximum control line exceeded. Shorten its permissions (a scoped signing key keeps them in the account), or raise \`max_control_line\` at the servers and tell it here (\`maxControlLine\`).`,
  );
});

/** Length of the CONNECT object with a name of one character. */
function connectLength(jwt: string): number {
  return JSON.stringify({
    protocol: 1,
    version: "3.4.0",
    lang: "nats.js",
    verbose: false,
    pedantic: false,
    headers: true,
    no_responders: true,
    name: "n",
    jwt,
    sig: "s".repeat(86),
  }).length;
}
