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

/** Starts a hand-over that stops before the switch, with both sockets subscribed. */
async function beforeTheSwitch(
  at: Room,
): Promise<{ goOn: () => Promise<void> }> {
  const protocol = at.connection.protocol as LiveProtocol;
  const roundTripNow = protocol.roundTripNow.bind(protocol);
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  let rotation: Promise<void> | undefined;
  await new Promise<void>((reached) => {
    protocol.roundTripNow = async (commands) => {
      reached();
      await gate;
      await roundTripNow(commands);
    };
    rotation = at.rotate();
  });
  protocol.roundTripNow = roundTripNow;
  return {
    goOn: async () => {
      open();
      await rotation;
    },
  };
}

void test("a member that leaves its queue group in the midst of it loses the group nothing", async () => {
  await using at = await room({}, { handover: { drainMs: 60_000 } });
  const leaving = at.connection.subscribe("q.work", {
    queue: "w",
    callback: () => undefined,
  });
  await at.connection.flush();
  const { goOn } = await beforeTheSwitch(at);
  leaving.unsubscribe();
  let got = 0;
  at.peer.subscribe("q.work", { queue: "w", callback: () => void got++ });
  await at.peer.flush();
  await until("the group without it", 5000, async () => {
    const { connections } = await at.server.monitor<{
      connections: { subscriptions_list?: string[] }[];
    }>("connz?subs=1");
    const members = connections.filter(({ subscriptions_list: all }) =>
      all?.includes("q.work"),
    );
    return members.length === 1;
  });
  for (let i = 0; i < 100; i++) at.peer.publish("q.work");
  await at.peer.flush();
  await goOn();
  assert.equal(at.connection.posture().lastHandover?.gap, false);
  await at.connection.flush();
  await at.peer.flush();
  assert.equal(got, 100);
});

void test("a drain in the midst of it brings no more than was sent before", async () => {
  await using at = await room({}, { handover: { drainMs: 60_000 } });
  for (const queue of [{}, { queue: "w" }]) {
    const got: string[] = [];
    const leaving = at.connection.subscribe("work", {
      ...queue,
      callback: (_, message) => void got.push(message.string()),
    });
    await at.connection.flush();
    const { goOn } = await beforeTheSwitch(at);
    for (let i = 0; i < 100; i++) at.peer.publish("work", "before");
    await at.peer.flush();
    at.connection.publish("elsewhere");
    const drained = leaving.drain();
    await until("nobody there", 5000, () =>
      at.peer.request("work").then(
        () => false,
        (error) =>
          error instanceof errors.RequestError && error.isNoResponders(),
      ),
    );
    await goOn();
    assert.equal(at.connection.posture().lastHandover?.gap, false);
    await drained;
    assert.equal(got.filter((text) => text === "before").length, 100);
  }
});

void test("a drain in the midst of it brings what was published here before", async () => {
  await using at = await room({}, { handover: { drainMs: 60_000 } });
  for (const subject of ["own", "own.*"]) {
    let got = 0;
    const leaving = at.connection.subscribe(subject, {
      callback: () => void got++,
    });
    await at.connection.flush();
    const { goOn } = await beforeTheSwitch(at);
    for (let i = 0; i < 10; i++)
      at.connection.publish(subject.replace("*", "1"));
    const drained = leaving.drain();
    await goOn();
    await drained;
    assert.equal(got, 10);
  }
});

void test("a close in the midst of it ends it at once", async () => {
  await using at = await room({}, { handover: { drainMs: 60_000 } });
  const protocol = at.connection.protocol as LiveProtocol;
  const live = protocol.live;
  const sendNow = live.sendNow.bind(live);
  const asked = new Promise<void>((resolve) => {
    // The old server never hears the question that the switch waits for.
    live.sendNow = (frame) => {
      if (Buffer.from(frame).includes("UNSUB")) resolve();
      else sendNow(frame);
    };
  });
  at.connection.subscribe("some", { callback: () => undefined });
  await at.connection.flush();
  const rotation = assert.rejects(at.rotate(), {
    code: "HANDOVER_UNREACHABLE",
  });
  await asked;
  await at.connection.close();
  await rotation;
});
