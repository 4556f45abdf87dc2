import assert from "node:assert/strict";

import { until } from "@keyturn/testkit";
import { errors, type Msg, type Subscription } from "@nats-io/nats-core";

import {
  asNatsJs,
  house,
  publishNumbers,
  sorted,
  upTo,
} from "./three-ways.test.fixture.js";

const at = await house();
const soonMs = 15_000;

/** What a callback has got, as numbers. */
function collector(): {
  got: number[];
  callback: (error: Error | null, message: Msg) => void;
} {
  const got: number[] = [];
  return {
    got,
    callback: (error, message) => {
      assert.equal(error, null);
      got.push(Number(message.string()));
    },
  };
}

asNatsJs(at, {
  "a callback gets each message once": async ({ nc, peer, id }) => {
    const { got, callback } = collector();
    const subscription = nc.subscribe(id, { callback });
    await nc.flush();
    await publishNumbers(peer, id);
    await until("all", soonMs, () => got.length >= 250);
    assert.deepEqual(sorted(got), upTo(250));
    assert.equal(subscription.getReceived(), 250);
    assert.equal(subscription.getProcessed(), 250);
    subscription.unsubscribe();
  },

  "an iterator gets each message once": async ({ nc, peer, id }) => {
    const subscription = nc.subscribe(id);
    await nc.flush();
    const sent = publishNumbers(peer, id);
    const got: number[] = [];
    for await (const message of subscription) {
      assert.equal(message.subject, id);
      assert.equal(message.sid, subscription.getID());
      got.push(Number(message.string()));
      if (got.length === 250) break;
    }
    await sent;
    assert.deepEqual(sorted(got), upTo(250));
    assert.equal(subscription.isClosed(), true);
    assert.equal(await subscription.closed, undefined);
  },

  "members of a queue group share messages, here and elsewhere": async ({
    nc,
    peer,
    id,
  }) => {
    const got: number[] = [];
    const shares: number[] = [];
    const join = (connection: typeof nc, index: number): Subscription => {
      shares[index] = 0;
      return connection.subscribe(id, {
        queue: "workers",
        callback: (_, message) => {
          shares[index] = (shares[index] ?? 0) + 1;
          got.push(Number(message.string()));
        },
      });
    };
    const members = [join(nc, 0), join(nc, 1), join(peer, 2)];
    await nc.flush();
    await peer.flush();
    await publishNumbers(peer, id);
    await until("all", soonMs, () => got.length >= 250);
    assert.deepEqual(sorted(got), upTo(250));
    for (const share of shares)
      assert.ok(share > 10, `shares of ${shares.join(", ")}`);
    for (const member of members) member.unsubscribe();
  },

  "each of several subscriptions to a subject gets each message": async ({
    nc,
    peer,
    id,
  }) => {
    const all = [collector(), collector(), collector()];
    const subscriptions = all.map(({ callback }) =>
      nc.subscribe(id, { callback }),
    );
    await nc.flush();
    await publishNumbers(peer, id);
    for (const { got } of all) {
      await until("all", soonMs, () => got.length >= 250);
      assert.deepEqual(sorted(got), upTo(250));
    }
    for (const subscription of subscriptions) subscription.unsubscribe();
  },

  "wildcards that overlap": async ({ nc, peer, id }) => {
    const all = [`${id}.b.c`, `${id}.*.c`, `${id}.>`].map((subject) => {
      const { got, callback } = collector();
      return { got, subscription: nc.subscribe(subject, { callback }) };
    });
    await nc.flush();
    await publishNumbers(peer, `${id}.b.c`);
    for (const { got, subscription } of all) {
      await until("all", soonMs, () => got.length >= 250);
      assert.deepEqual(sorted(got), upTo(250));
      subscription.unsubscribe();
    }
  },

  "`max` ends a callback after so many": async ({ nc, peer, id, midway }) => {
    const { got, callback } = collector();
    const subscription = nc.subscribe(id, { callback, max: 100 });
    assert.equal(subscription.getMax(), 100);
    await nc.flush();
    const sent = publishNumbers(peer, id);
    await midway();
    await sent;
    assert.equal(await subscription.closed, undefined);
    await nc.flush();
    assert.equal(got.length, 100);
    assert.equal(new Set(got).size, 100);
    assert.equal(subscription.getReceived(), 100);
    assert.equal(subscription.isClosed(), true);
  },

  "`max` ends an iterator after so many": async ({ nc, peer, id }) => {
    const subscription = nc.subscribe(id, { max: 100 });
    await nc.flush();
    const sent = publishNumbers(peer, id);
    let got = 0;
    for await (const _ of subscription) got++;
    await sent;
    assert.equal(got, 100);
    assert.equal(subscription.getProcessed(), 100);
  },

  "unsubscribe(n) counts from the beginning": async ({
    nc,
    peer,
    id,
    midway,
  }) => {
    const { got, callback } = collector();
    const subscription = nc.subscribe(id, { callback });
    await nc.flush();
    await publishNumbers(peer, id, 50);
    await until("the first", soonMs, () => got.length === 50);
    await midway();
    subscription.unsubscribe(80);
    await nc.flush();
    await publishNumbers(peer, id, 50);
    await subscription.closed;
    await nc.flush();
    assert.equal(got.length, 80);
  },

  "unsubscribe() ends it at once": async ({ nc, peer, id, midway }) => {
    const { got, callback } = collector();
    const subscription = nc.subscribe(id, { callback });
    await nc.flush();
    const sent = publishNumbers(peer, id);
    await until("some", soonMs, () => got.length > 20);
    await midway();
    subscription.unsubscribe();
    const before = got.length;
    assert.equal(subscription.isClosed(), true);
    assert.equal(await subscription.closed, undefined);
    await sent;
    await nc.flush();
    assert.equal(got.length, before);
  },

  "a break ends an iterator's subscription": async ({
    nc,
    peer,
    id,
    midway,
  }) => {
    const subscription = nc.subscribe(id);
    await nc.flush();
    await publishNumbers(peer, id, 10);
    await midway();
    for await (const _ of subscription) break;
    await nc.flush();
    assert.equal(subscription.isClosed(), true);
    await assert.rejects(
      peer.request(id, "", { timeout: 15_000 }),
      isNoResponders,
    );
  },

  "what subscribes in the midst of it gets all that follows": async ({
    nc,
    peer,
    id,
    midway,
  }) => {
    const all: { got: number[]; subscription: Subscription }[] = [];
    for (let i = 0; i < 4; i++) {
      await midway();
      const { got, callback } = collector();
      const queue = i % 2 === 0 ? {} : { queue: `q${i}` };
      const subscription = nc.subscribe(id, { callback, ...queue });
      all.push({ got, subscription });
    }
    await nc.flush();
    await publishNumbers(peer, id, 100);
    for (const { got, subscription } of all) {
      await until("all", soonMs, () => got.length >= 100);
      assert.deepEqual(sorted(got), upTo(100));
      subscription.unsubscribe();
    }
  },

  "what is drained in the midst of it gets all that was sent before": async ({
    nc,
    peer,
    id,
    midway,
  }) => {
    const plain = collector();
    const shared = collector();
    const iterated = nc.subscribe(id);
    const drained = [
      nc.subscribe(id, { callback: plain.callback }),
      nc.subscribe(id, { callback: shared.callback, queue: "q" }),
      iterated,
    ];
    const got: number[] = [];
    const read = (async () => {
      for await (const message of iterated) got.push(Number(message.string()));
    })();
    await nc.flush();
    await publishNumbers(peer, id, 50);
    for (const number of upTo(500)) peer.publish(id, `${50 + number}`);
    await midway();
    await peer.flush();
    await Promise.all(drained.map((subscription) => subscription.drain()));
    await read;
    for (const each of [plain.got, shared.got, got])
      assert.deepEqual(sorted(each), upTo(550));
    for (const subscription of drained) {
      assert.equal(subscription.isDraining(), true);
      assert.equal(subscription.isClosed(), true);
    }
    await assert.rejects(
      peer.request(id, "", { timeout: 15_000 }),
      isNoResponders,
    );
  },

  "a slow iterator is told in the status": async ({ nc, peer, id }) => {
    const statuses = nc.status()[Symbol.asyncIterator]();
    const subscription = nc.subscribe(id, { slow: 10 });
    await nc.flush();
    await publishNumbers(peer, id, 50);
    for (;;) {
      const { value } = await statuses.next();
      if (value?.type !== "slowConsumer") continue;
      assert.equal(value.sub, subscription);
      assert.equal(value.pending, 11);
      break;
    }
    await until("the rest", soonMs, () => subscription.getPending() === 50);
    await statuses.return?.();
    subscription.unsubscribe();
  },

  "a subscription is disposed of by draining": async ({ nc, peer, id }) => {
    let subscription: Subscription;
    {
      await using scoped = nc.subscribe(id, { callback: () => undefined });
      subscription = scoped;
      await nc.flush();
    }
    assert.equal(subscription.isClosed(), true);
    await assert.rejects(
      peer.request(id, "", { timeout: 15_000 }),
      isNoResponders,
    );
    await assert.rejects(subscription.drain(), errors.InvalidOperationError);
  },
});

asNatsJs(
  at,
  {
    "messages come in the order of their publisher": async ({
      nc,
      peer,
      id,
    }) => {
      const { got, callback } = collector();
      const subscription = nc.subscribe(id, { callback });
      await nc.flush();
      await publishNumbers(peer, id, 1000);
      await until("all", soonMs, () => got.length >= 1000);
      assert.deepEqual(got, upTo(1000));
      subscription.unsubscribe();
    },
  },
  { ours: { keepOrder: () => true } },
);

function isNoResponders(error: unknown): boolean {
  return error instanceof errors.RequestError && error.isNoResponders();
}
