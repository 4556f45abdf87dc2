import assert from "node:assert/strict";
import { test } from "node:test";

import { until, type UserOptions } from "@keyturn/testkit";
import { errors, type Subscription } from "@nats-io/nats-core";

import type { LiveProtocol } from "./protocol.js";
import { room, type Room } from "./room.test.fixture.js";

/** Subscribes so late that the server's answer can only come while the hand-over goes on. */
async function subscribeAsItBegins(
  at: Room,
  subject: string,
): Promise<{ subscription: Subscription; got: string[] }> {
  const protocol = at.connection.protocol as LiveProtocol;
  const begin = protocol.holdOnChange.bind(protocol);
  const got: string[] = [];
  const made = new Promise<Subscription>((resolve) => {
    protocol.holdOnChange = () => {
      resolve(
        at.connection.subscribe(subject, {
          callback: (_, message) =>
            void got.push(message.data ? message.string() : "error"),
        }),
      );
      protocol.holdOnChange = begin;
      begin();
    };
  });
  await at.rotate();
  return { subscription: await made, got };
}

async function allowed(
  sub: Partial<{ allow: string[]; deny: string[] }>,
): Promise<Room> {
  const user: UserOptions = { claims: { sub } };
  return room(user);
}

void test("a subscription that no server would take stops no hand-over", async () => {
  await using at = await allowed({ deny: ["forbidden.>", "forbidden.> >"] });
  const { subscription } = await subscribeAsItBegins(at, "forbidden.now");
  assert.ok(
    (await subscription.closed) instanceof errors.PermissionViolationError,
  );
  assert.equal(at.connection.posture().handovers, 1);
});

void test("a private queue group that both servers refuse is given up on both", async () => {
  await using at = await allowed({ allow: ["t.>", "t.> workers", "_INBOX.>"] });
  const statuses: string[] = [];
  void (async () => {
    for await (const { type } of at.connection.status()) statuses.push(type);
  })();
  const { subscription, got } = await subscribeAsItBegins(at, "t.now");
  assert.equal(at.connection.posture().handovers, 1);
  at.peer.publish("t.now", "after");
  await until("the message", 2000, () => got.length > 0);
  assert.deepEqual(got, ["after"]);
  assert.equal(subscription.isClosed(), false);
  assert.ok(!statuses.includes("error"), "nats.js was told of a refusal");
});
