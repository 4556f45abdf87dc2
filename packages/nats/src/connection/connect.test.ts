import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createServer } from "node:net";
import { test } from "node:test";

import { makeOperator, natsServer, until } from "@keyturn/testkit";

import {
  credsCredential,
  nkeyCredential,
  passwordCredential,
  tokenCredential,
  userJwtCredential,
} from "../credentials/makers.js";
import { isKeyturnError } from "../errors/keyturn-error.js";
import { natsChannelName, type NatsEvent } from "../events/nats-events.js";
import { connect } from "./connect.js";

const origin = { source: "this test", plaintext: false };

async function rejects(
  work: Promise<unknown>,
  code: string,
  message: string,
): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isKeyturnError(error), String(error));
    assert.equal(error.message, message);
    assert.equal(error.code, code);
    return true;
  });
}

void test("a user JWT signs in to a server in operator mode", async () => {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  await using server = await natsServer({
    config: await operator.serverConfig(),
  });
  const user = await account.user("orders");
  for (const credentials of [
    userJwtCredential({ ...user, origin }),
    credsCredential(user.creds, origin),
  ]) {
    const connection = await connect({ servers: server.url, credentials });
    await connection.flush();
    assert.equal(connection.posture().publicKey, user.publicKey);
    assert.equal(connection.posture().source, "this test");
    await connection.close();
  }
});

void test("nkey, password and token sign in", async () => {
  const operator = await makeOperator();
  const user = await (await operator.account("APP")).user("nkey");
  const cases = [
    {
      authorization: { users: [{ nkey: user.publicKey }] },
      credentials: nkeyCredential({ seed: user.seed, origin }),
    },
    {
      authorization: { users: [{ user: "app", password: "pass:word @1" }] },
      credentials: passwordCredential({
        user: "app",
        password: "pass:word @1",
        origin,
      }),
    },
    {
      authorization: { token: "t0ken" },
      credentials: tokenCredential({ token: "t0ken", origin }),
    },
  ];
  for (const { authorization, credentials } of cases) {
    await using server = await natsServer({ config: { authorization } });
    await using connection = await connect({
      servers: server.url,
      credentials,
    });
    await connection.flush();
    await rejects(
      connect({ servers: server.url }),
      "CONNECT_REFUSED",
      `The NATS server at 127.0.0.1:${server.port} refused a connection without a credential. Give it a credential.`,
    );
  }
});

void test("a credential that the server refuses is named", async () => {
  const [operator, stranger] = [await makeOperator(), await makeOperator()];
  const account = await stranger.account("APP");
  await using server = await natsServer({
    config: await operator.serverConfig(),
  });
  const user = await account.user("unknown");
  await rejects(
    connect({
      servers: server.url,
      credentials: userJwtCredential({ ...user, origin }),
    }),
    "CONNECT_REFUSED",
    `The NATS server at 127.0.0.1:${server.port} refused the credential ${user.publicKey} of account ${account.publicKey}, from this test. Check with the server's log whether the user is revoked, unknown to this operator, or limited to other addresses.`,
  );
});

void test("servers that are not there, or silent", async () => {
  await rejects(
    connect({ servers: "127.0.0.1:1" }),
    "CONNECT_UNREACHABLE",
    "The NATS server at 127.0.0.1:1 could not be reached: nothing listens there. Check the address, and that the server is running: `nats server check connection`.",
  );
  const silent = createServer(() => undefined).listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  const { port } = silent.address() as { port: number };
  try {
    await rejects(
      connect({ servers: `127.0.0.1:${port}`, timeout: 200 }),
      "CONNECT_TIMEOUT",
      `The NATS server at 127.0.0.1:${port} did not complete the connection in time. Look whether it is a NATS server, and at the load of it and the path to it.`,
    );
  } finally {
    silent.close();
  }
});

void test("options that contradict are refused before any dial", async () => {
  await rejects(
    connect({ servers: "nats://app:secret@127.0.0.1:4222" }),
    "CONNECT_OPTIONS_CONFLICT",
    "A server address carries user information. Leave it out of the address, and pass it as `credentials`.",
  );
  await rejects(
    connect({ user: "app" } as never),
    "CONNECT_OPTIONS_CONFLICT",
    "The option `user` of nats.js has no place here. Pass `credentials` in its place.",
  );
  await rejects(
    connect({ reconnectTimeWait: 10 } as never),
    "CONNECT_OPTIONS_CONFLICT",
    "The option `reconnectTimeWait` of nats.js has no place here. Pass `reconnectDelayHandler` in its place.",
  );
  await rejects(
    connect({ maxReconnectAttempts: 3 }),
    "CONNECT_OPTIONS_CONFLICT",
    "The option `maxReconnectAttempts` cannot be set to that: this connection never gives up. Leave it out.",
  );
  await rejects(
    connect({ debug: true }),
    "CONNECT_OPTIONS_CONFLICT",
    "The option `debug` cannot be set to that: nats.js would print the credential; listen to the channel `keyturn:nats`. Leave it out.",
  );
});

void test("a subscription that is not permitted is told, with its subject", async () => {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  await using server = await natsServer({
    config: await operator.serverConfig(),
  });
  const user = await account.user("narrow", {
    claims: {
      sub: { allow: ["yes.>"], deny: [] },
      pub: { allow: ["yes.>"], deny: [] },
    },
  });
  const events: NatsEvent[] = [];
  const listen = (event: unknown): void => void events.push(event as NatsEvent);
  subscribe(natsChannelName, listen);
  try {
    await using connection = await connect({
      servers: server.url,
      credentials: userJwtCredential({ ...user, origin }),
      connectionLabel: "narrow one",
    });
    connection.subscribe("no.thing", { callback: () => undefined });
    connection.publish("no.way");
    const of = (subject: string): NatsEvent | undefined =>
      events.find((event) => event.subject === subject);
    await until(
      "both violations",
      2000,
      () => of("no.thing") !== undefined && of("no.way") !== undefined,
    );
    assert.equal(
      of("no.thing")?.message,
      "The server refused a subscription to `no.thing`.",
    );
    assert.equal(
      of("no.way")?.message,
      "The server refused a publish to `no.way`.",
    );
    assert.equal(of("no.way")?.connection, "narrow one");
  } finally {
    unsubscribe(natsChannelName, listen);
  }
});

void test("what is published while the server is away goes out when it is back", async () => {
  await using server = await natsServer();
  const connection = await connect({ servers: server.url });
  try {
    const got: string[] = [];
    connection.subscribe("s", {
      callback: (_, m) => void got.push(m.string()),
    });
    await connection.flush();
    server.kill("SIGKILL");
    await until("the loss to be noticed", 2000, () => {
      connection.publish("s", "probe");
      return connection.posture().outbox.messages > 0;
    });
    connection.publish("s", "while away");
    await server.restart();
    await until("the message", 8000, () => got.includes("while away"));
    assert.equal(connection.posture().outbox.messages, 0);
    assert.equal(connection.posture().outbox.dropped, 0);
  } finally {
    await connection.close();
  }
});
