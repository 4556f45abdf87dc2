import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

import { until } from "@keyturn/testkit";
import {
  AckPolicy,
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  StorageType,
  type ConsumerConfig,
  type JetStreamManager,
  type JsMsg,
} from "@nats-io/jetstream";
import { nanos, type NatsConnection } from "@nats-io/nats-core";

import { asNatsJs, house, sorted, upTo } from "./three-ways.test.fixture.js";

const at = await house({ jetstream: true });
const soonMs = 15_000;

/** A stream of this run's own, with a consumer if asked for. */
async function stream(
  nc: NatsConnection,
  name: string,
  consumer?: Partial<ConsumerConfig>,
): Promise<JetStreamManager> {
  const manager = await jetstreamManager(nc);
  await manager.streams.add({
    name,
    subjects: [`${name}.>`],
    storage: StorageType.Memory,
  });
  if (consumer !== undefined)
    await manager.consumers.add(name, {
      durable_name: "worker",
      ack_policy: AckPolicy.Explicit,
      // Longer than any test: what comes again has not been acknowledged.
      ack_wait: nanos(120_000),
      ...consumer,
    });
  return manager;
}

/** Publishes 1 to `count` within a quarter of a second. */
async function fill(
  nc: NatsConnection,
  name: string,
  count = 200,
): Promise<void> {
  const js = jetstream(nc);
  const acks: Promise<unknown>[] = [];
  for (const number of upTo(count)) {
    acks.push(js.publish(`${name}.n`, `${number}`, { timeout: soonMs }));
    if (number % Math.ceil(count / 25) === 0) await pause(10);
  }
  await Promise.all(acks);
}

/** That the server holds nothing back, and has delivered nothing again. */
async function assertAllAcknowledged(
  manager: JetStreamManager,
  name: string,
): Promise<void> {
  await until("the last acknowledgements", soonMs, async () => {
    const info = await manager.consumers.info(name, "worker");
    return info.num_ack_pending === 0 && info.num_pending === 0;
  });
  const info = await manager.consumers.info(name, "worker");
  assert.equal(info.num_redelivered, 0);
}

function numberOf(message: JsMsg): number {
  assert.equal(message.info.redelivered, false);
  return Number(message.string());
}

asNatsJs(at, {
  "streams and consumers are made, changed, deleted": async ({
    nc,
    id,
    midway,
  }) => {
    const manager = await stream(nc, id, {});
    await midway();
    assert.equal((await manager.streams.info(id)).state.messages, 0);
    await assert.rejects(manager.streams.info(`${id}_none`), {
      name: "StreamNotFoundError",
    });
    await assert.rejects(manager.consumers.info(id, "none"), {
      name: "ConsumerNotFoundError",
    });
    const names: string[] = [];
    for await (const { name } of manager.consumers.list(id)) names.push(name);
    assert.deepEqual(names, ["worker"]);
    await midway();
    assert.equal(await manager.consumers.delete(id, "worker"), true);
    assert.equal(await manager.streams.delete(id), true);
  },

  "each publish is acknowledged, and kept once and in order": async ({
    nc,
    id,
  }) => {
    const manager = await stream(nc, id);
    const js = jetstream(nc);
    const acks: Promise<number>[] = [];
    for (const number of upTo(200)) {
      acks.push(
        js
          .publish(`${id}.n`, `${number}`, { timeout: soonMs })
          .then(({ seq }) => seq),
      );
      if (number % 8 === 0) await pause(10);
    }
    assert.deepEqual(await Promise.all(acks), upTo(200));
    assert.equal((await manager.streams.info(id)).state.messages, 200);
    await manager.streams.delete(id);
  },

  "publishes are told apart by their id, and bound to what they expect":
    async ({ nc, id, midway }) => {
      const manager = await stream(nc, id);
      const js = jetstream(nc);
      const send = (
        msgID: string,
      ): Promise<{ seq: number; duplicate: boolean }> =>
        js.publish(`${id}.n`, "", { msgID, timeout: soonMs });
      assert.equal((await send("one")).duplicate, false);
      await midway();
      assert.deepEqual(
        [(await send("one")).duplicate, (await send("one")).seq],
        [true, 1],
      );
      await assert.rejects(
        js.publish(`${id}.n`, "", {
          expect: { lastSequence: 7 },
          timeout: soonMs,
        }),
        { name: "JetStreamApiError" },
      );
      await assert.rejects(js.publish(`${id}_none`, "", { timeout: soonMs }), {
        name: "JetStreamNotEnabled",
      });
      await manager.streams.delete(id);
    },

  "consume with a callback": async ({ nc, peer, id }) => {
    const manager = await stream(nc, id, {});
    const consumer = await jetstream(nc).consumers.get(id, "worker");
    const got: number[] = [];
    const messages = await consumer.consume({
      callback: (message) => {
        got.push(numberOf(message));
        // In flight across a hand-over.
        setTimeout(() => message.ack(), 30);
      },
    });
    await fill(peer, id);
    await until("all", soonMs, () => got.length >= 200);
    await assertAllAcknowledged(manager, id);
    assert.deepEqual(sorted(got), upTo(200));
    await messages.close();
    await manager.streams.delete(id);
  },

  "consume with an iterator": async ({ nc, peer, id }) => {
    const manager = await stream(nc, id, {});
    const consumer = await jetstream(nc).consumers.get(id, "worker");
    const filled = fill(peer, id);
    const got: number[] = [];
    for await (const message of await consumer.consume({ max_messages: 20 })) {
      got.push(numberOf(message));
      assert.equal(await message.ackAck({ timeout: soonMs }), true);
      if (got.length === 200) break;
    }
    await filled;
    assert.deepEqual(got, upTo(200));
    await assertAllAcknowledged(manager, id);
    await manager.streams.delete(id);
  },

  "fetch and next": async ({ nc, id, midway }) => {
    const manager = await stream(nc, id, {});
    await fill(nc, id, 100);
    const consumer = await jetstream(nc).consumers.get(id, "worker");
    const got: number[] = [];
    while (got.length < 90) {
      const entered = midway();
      for await (const message of await consumer.fetch({
        max_messages: 10,
        expires: 5000,
      })) {
        got.push(numberOf(message));
        message.ack();
      }
      await entered;
    }
    while (got.length < 100) {
      const entered = midway();
      const message = await consumer.next({ expires: 5000 });
      assert.ok(message !== null);
      got.push(numberOf(message));
      message.ack();
      await entered;
    }
    assert.deepEqual(got, upTo(100));
    const entered = midway();
    assert.equal(await consumer.next({ expires: 1000 }), null);
    await entered;
    await assertAllAcknowledged(manager, id);
    await manager.streams.delete(id);
  },

  "a pull that waits is served when something comes": async ({
    nc,
    peer,
    id,
    midway,
  }) => {
    const manager = await stream(nc, id, {});
    const consumer = await jetstream(nc).consumers.get(id, "worker");
    const waiting = consumer.next({ expires: 10_000 });
    await nc.flush();
    await midway();
    await fill(peer, id, 1);
    const message = await waiting;
    assert.ok(message !== null);
    message.ack();
    await assertAllAcknowledged(manager, id);
    await manager.streams.delete(id);
  },

  "what is refused comes again, what is terminated does not, what is worked on waits":
    async ({ nc, id, midway }) => {
      const manager = await stream(nc, id, { ack_wait: nanos(2000) });
      await fill(nc, id, 3);
      const consumer = await jetstream(nc).consumers.get(id, "worker");
      const take = async (): Promise<JsMsg> => {
        const message = await consumer.next({ expires: 5000 });
        assert.ok(message !== null);
        return message;
      };
      const [first, second, third] = [await take(), await take(), await take()];
      await midway();
      first.nak();
      second.term();
      const again = await take();
      assert.equal(again.seq, 1);
      assert.equal(again.info.deliveryCount, 2);
      for (let i = 0; i < 6; i++) {
        await pause(500);
        third.working();
        again.working();
      }
      await midway();
      third.ack();
      again.ack();
      await until("nothing more", soonMs, async () => {
        const info = await manager.consumers.info(id, "worker");
        return info.num_ack_pending === 0;
      });
      assert.equal(await consumer.next({ expires: 1000 }), null);
      await manager.streams.delete(id);
    },

  "ordered consumers, pulled and pushed": async ({ nc, peer, id }) => {
    const manager = await stream(nc, id);
    const js = jetstream(nc);
    const pulled = await (await js.consumers.get(id)).consume();
    const pushed = await (await js.consumers.getPushConsumer(id)).consume();
    const filled = fill(peer, id);
    for (const messages of [pulled, pushed]) {
      const got: number[] = [];
      for await (const message of messages) {
        got.push(Number(message.string()));
        if (got.length === 200) break;
      }
      assert.deepEqual(got, upTo(200));
    }
    await filled;
    await manager.streams.delete(id);
  },

  "push consumers, on an inbox and elsewhere, alone and in a group": async ({
    nc,
    peer,
    id,
  }) => {
    const manager = await stream(nc, id);
    const js = jetstream(nc);
    const kinds = {
      inbox: { deliver_subject: `_INBOX.${id}` },
      subject: { deliver_subject: `deliver.${id}` },
      group: { deliver_subject: `shared.${id}`, deliver_group: "workers" },
    };
    const got: Record<string, number[]> = {};
    const consumers = await Promise.all(
      Object.entries(kinds).map(async ([name, kind]) => {
        const list: number[] = (got[name] = []);
        await manager.consumers.add(id, {
          durable_name: name,
          ack_policy: AckPolicy.Explicit,
          ack_wait: nanos(120_000),
          deliver_policy: DeliverPolicy.All,
          ...kind,
        });
        const consumer = await js.consumers.getPushConsumer(id, name);
        return consumer.consume({
          callback: (message) => {
            list.push(numberOf(message));
            setTimeout(() => message.ack(), 20);
          },
        });
      }),
    );
    await fill(peer, id);
    for (const name of Object.keys(kinds)) {
      await until(
        `all of ${name}`,
        soonMs,
        () => (got[name]?.length ?? 0) >= 200,
      );
      await until("all acknowledgements", soonMs, async () => {
        const info = await manager.consumers.info(id, name);
        return info.num_ack_pending === 0;
      });
      assert.equal((await manager.consumers.info(id, name)).num_redelivered, 0);
      assert.deepEqual(sorted(got[name] ?? []), upTo(200));
    }
    for (const consumer of consumers) await consumer.close();
    await manager.streams.delete(id);
  },
});
