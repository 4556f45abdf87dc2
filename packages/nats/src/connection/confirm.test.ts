import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { makeOperator, natsServer, until } from "@keyturn/testkit";

import { userJwtCredential } from "../credentials/makers.js";
import { rejects } from "../errors/refuses.test.fixture.js";
import type { LiveConnection } from "../handover/live-connection.js";
import { confirmSubscriptions } from "./confirm.js";
import { connect } from "./connect.js";

const origin = { source: "this test", plaintext: false };
const operator = await makeOperator();
const account = await operator.account("APP");
const config = await operator.serverConfig();
const callback = (): void => undefined;

async function dial(servers: string, claims: object): Promise<LiveConnection> {
  const user = await account.user("u", { claims });
  const credentials = userJwtCredential({ ...user, origin });
  return connect({ servers, credentials });
}

test("what the server takes is confirmed", async () => {
  await using server = await natsServer({ config });
  await using connection = await dial(server.url, {});
  const subscriptions = [
    connection.subscribe("a", { callback }),
    connection.subscribe("b.>", { queue: "q" }),
  ];
  await confirmSubscriptions(connection, subscriptions);
  await confirmSubscriptions(connection, []);
});

test("what it does not permit is refused by name, callback or iterator", async () => {
  await using server = await natsServer({ config });
  await using connection = await dial(server.url, {
    sub: { allow: ["yes", "jobs mine"], deny: [] },
  });
  const yes = connection.subscribe("yes", { callback });
  const next =
    "Let the user of this connection subscribe to it: `nsc edit user --allow-sub`.";
  for (const no of [
    connection.subscribe("no.a", { callback }),
    connection.subscribe("no.b"),
  ])
    await rejects(
      confirmSubscriptions(connection, [yes, no]),
      "SUBSCRIPTION_REFUSED",
      `The server refused the subscription to \`${no.getSubject()}\`. ${next}`,
    );
  await rejects(
    confirmSubscriptions(connection, [
      connection.subscribe("jobs", { queue: "theirs", callback }),
    ]),
    "SUBSCRIPTION_REFUSED",
    `The server refused the subscription to \`jobs\` in queue group \`theirs\`. ${next}`,
  );
  await confirmSubscriptions(connection, [yes]);
});

test("a limit of subscriptions, which no subscription is told of", async () => {
  await using server = await natsServer({ config });
  await using connection = await dial(server.url, { subs: 1 });
  const subscriptions = ["a", "b"].map((subject) =>
    connection.subscribe(subject, { callback }),
  );
  await rejects(
    confirmSubscriptions(connection, subscriptions),
    "SUBSCRIPTION_LIMIT",
    "The server takes no more subscriptions of this connection: maximum subscriptions exceeded. Raise the limit of the user or account, or use fewer subscriptions.",
  );
});

test("no answer is no confirmation", async () => {
  await using server = await natsServer({ config });
  await using connection = await dial(server.url, {});
  const subscription = connection.subscribe("a", { callback });
  await confirmSubscriptions(connection, [subscription]);
  process.kill(server.pid, "SIGSTOP");
  await until("the server to stop", 2000, () =>
    execFileSync("ps", ["-o", "stat=", "-p", String(server.pid)])
      .toString()
      .startsWith("T"),
  );
  try {
    await rejects(
      confirmSubscriptions(connection, [subscription], 100),
      "SUBSCRIPTION_UNCONFIRMED",
      "The server did not confirm the subscriptions: no answer within 100 ms. Try again when the connection is well.",
    );
  } finally {
    process.kill(server.pid, "SIGCONT");
  }
  subscription.unsubscribe();
  await rejects(
    confirmSubscriptions(connection, [subscription]),
    "SUBSCRIPTION_UNCONFIRMED",
    "The subscription to `a` was closed meanwhile. Try again when the connection is well.",
  );
  // Nothing listens on after it.
  const { listeners } = (
    connection as unknown as { protocol: { listeners: unknown[] } }
  ).protocol;
  assert.equal(listeners.length, 1);
});
