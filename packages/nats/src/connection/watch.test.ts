import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { test } from "node:test";

import { makeOperator, natsServer, until } from "@keyturn/testkit";

import { userJwtCredential } from "../credentials/makers.js";
import { natsChannelName, type NatsEvent } from "../events/nats-events.js";
import { connect } from "./connect.js";
import { watchConnection } from "./watch.js";

const origin = { source: "this test", plaintext: false };

/** Collects the events of connections with this label. */
function events(label: string): { all: NatsEvent[] } & Disposable {
  const all: NatsEvent[] = [];
  const listen = (message: unknown): void => {
    const event = message as NatsEvent;
    if (event.connection === label) all.push(event);
  };
  subscribe(natsChannelName, listen);
  return {
    all,
    [Symbol.dispose]: () => void unsubscribe(natsChannelName, listen),
  };
}

const line = (event: NatsEvent): string => `${event.level} ${event.message}`;

test("a credential that expires: nothing is presented any more, and that is told once", async () => {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  await using server = await natsServer({
    config: await operator.serverConfig(),
  });
  using told = events("short");
  const user = await account.user("short", { expiresInSeconds: 2 });
  const credentials = userJwtCredential({ ...user, origin });
  await using connection = await connect({
    servers: server.url,
    credentials,
    connectionLabel: "short",
  });
  const statuses: string[] = [];
  void (async () => {
    for await (const { type } of connection.status()) statuses.push(type);
  })();
  const waiting = await until("the wait to be told", 6000, () =>
    told.all.find((event) => event.code === "CREDENTIAL_EXPIRED"),
  );
  const expiredAt = credentials.expiresAt?.toISOString();
  assert.equal(
    waiting.message,
    `The connection is down until a valid credential comes: The user JWT from this test expired at ${expiredAt}. Issue a new one and put it at the same source.`,
  );
  // Long enough for a dial: it must not come.
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.deepEqual(told.all.map(line), [
    `info Connected to 127.0.0.1:${server.port} as ${user.publicKey}.`,
    "warn The server said: User Authentication Expired.",
    `error ${waiting.message}`,
    "warn The connection was lost.",
  ]);
  assert.equal(connection.isClosed(), false);
  await assert.rejects(connection.flush(), {
    message: "connection disconnected",
  });
  connection.publish("kept", "while it lasts");
  assert.equal(
    (connection.posture().lastError as { code?: string }).code,
    "CREDENTIAL_EXPIRED",
  );
  assert.deepEqual(statuses.slice(0, 3), [
    "error",
    "staleConnection",
    "disconnect",
  ]);
  assert.equal(statuses.includes("reconnect"), false);
  const created = server.logText().match(/Client connection created/g) ?? [];
  const refused = server.logText().match(/authentication error/gi) ?? [];
  // A socket may have been opened to wait on; nothing was presented on it.
  assert.ok(created.length <= 2, `${created.length} connections`);
  assert.equal(refused.length, 0);
  await connection.drain();
  assert.equal(connection.isClosed(), true);
  await until("the loss to be told", 1000, () =>
    told.all.some(
      ({ message }) =>
        message === "1 messages were dropped from the outbox (closed).",
    ),
  );
});

test("a revoked user is told once aloud, and comes back when the source gives another", async () => {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  await using server = await natsServer({
    config: await operator.serverConfig("directory"),
  });
  await operator.push(server, account);
  using told = events("revoked");
  let user = await account.user("first");
  await using connection = await connect({
    servers: server.url,
    credentials: () => Promise.resolve(userJwtCredential({ ...user, origin })),
    connectionLabel: "revoked",
  });
  account.revoke(user.publicKey);
  await operator.push(server, account);
  const refusals = (): NatsEvent[] =>
    told.all.filter((event) => /Authorization Violation/.test(event.message));
  await until("three refusals", 9000, () => refusals().length >= 3);
  assert.deepEqual(
    refusals()
      .slice(0, 3)
      .map(({ level }) => level),
    ["warn", "debug", "debug"],
  );
  user = await account.user("second");
  await until("the way back", 9000, () =>
    told.all.some(({ type }) => type === "reconnected"),
  );
  assert.equal(connection.posture().publicKey, user.publicKey);
  await connection.flush();
  const back = told.all.filter(({ type }) => type === "reconnected");
  assert.equal(back.length, 1);
});

test("a listener is told, and what it throws hurts nobody", async () => {
  await using server = await natsServer();
  using told = events("mine");
  await using connection = await connect({ servers: server.url });
  let calls = 0;
  watchConnection(connection, "mine", () => {
    calls++;
    throw new Error("no good");
  });
  await connection.reconnect();
  await until("the events", 4000, () =>
    told.all.some(({ type }) => type === "reconnected"),
  );
  assert.deepEqual(told.all.map(line), [
    "warn The connection was lost.",
    "error A listener for connection events threw.",
    "info The connection is back.",
    "error A listener for connection events threw.",
  ]);
  assert.equal(calls, 2);
});

test("a refused queue group is named", async () => {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  await using server = await natsServer({
    config: await operator.serverConfig(),
  });
  const user = await account.user("narrow", {
    claims: { sub: { allow: ["orders good"], deny: [] } },
  });
  using told = events("narrow");
  await using connection = await connect({
    servers: server.url,
    credentials: userJwtCredential({ ...user, origin }),
    connectionLabel: "narrow",
  });
  connection.subscribe("orders", { queue: "bad", callback: () => undefined });
  await connection.flush();
  const event = await until("the refusal", 2000, () =>
    told.all.find(({ type }) => type === "permissionViolation"),
  );
  assert.equal(event.subject, "orders");
  assert.equal(
    event.message,
    "The server refused a subscription to `orders` in queue group `bad`.",
  );
});

test("a reload of the server's configuration leaves connections alone, in every version", async () => {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  await using server = await natsServer({
    config: await operator.serverConfig(),
  });
  using told = events("reloaded");
  await using connection = await connect({
    servers: server.url,
    credentials: userJwtCredential({ ...(await account.user("u")), origin }),
    connectionLabel: "reloaded",
  });
  await server.reload();
  await connection.flush();
  assert.deepEqual(
    told.all.map(({ type }) => type),
    ["connected"],
  );
});
