import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";

import { until } from "@keyturn/testkit";

import type { Room } from "./room.js";
import { quantile, rounded } from "./statistics.js";

const messages = 30_000;
const calls = 20_000;
const outstanding = 64;
const patience = 60_000;
const body = new Uint8Array(100).fill(120);

/** Rates through the provider, and as shares of what nats.js does with nobody between. */
export async function measureThroughput(room: Room) {
  // Once for the compilers of all three processes.
  await deliver(room, messages / 3);
  return {
    delivered: await against(
      () => deliver(room, messages),
      () => deliverDirectly(room, messages),
    ),
    published: await against(
      () => publish(room, calls),
      () => publishDirectly(room, calls),
    ),
    requests: await request(room, calls),
  };
}

/** Runs both in turn, and gives the rate of ours and its share of the peer's. */
async function against(
  ours: () => Promise<number>,
  peer: () => Promise<number>,
): Promise<{ readonly perSecond: number; readonly ofDirect: number }> {
  let ourRate = 0;
  let peerRate = 0;
  for (let i = 0; i < 3; i++) {
    ourRate += await ours();
    peerRate += await peer();
  }
  return {
    perSecond: rounded(ourRate / 3),
    ofDirect: rounded(ourRate / peerRate),
  };
}

async function deliver(room: Room, count: number): Promise<number> {
  const before = room.component.calls;
  return rate(count, async () => {
    await flood(room.client, "in.bench", count);
    await until("all deliveries", patience, () => {
      return room.component.calls - before >= count;
    });
  });
}

async function deliverDirectly(room: Room, count: number): Promise<number> {
  const subscriber = await connect({ servers: room.backing.url });
  let seen = 0;
  subscriber.subscribe("direct", { callback: () => void seen++ });
  await subscriber.flush();
  const result = await rate(count, async () => {
    await flood(room.client, "direct", count);
    await until("all messages", patience, () => seen >= count);
  });
  await subscriber.close();
  return result;
}

async function publish(room: Room, count: number): Promise<number> {
  const message = { subject: "out.bench", body, replyTo: undefined };
  const consumer = room.component.consumer();
  return rate(count, () =>
    concurrently(count, async () => {
      const answer = await consumer.publish(message);
      if (answer.tag === "err") throw new Error(answer.val);
    }),
  );
}

async function publishDirectly(room: Room, count: number): Promise<number> {
  return rate(count, () =>
    concurrently(count, async () => {
      room.client.publish("out.bench", body);
      await room.client.flush();
    }),
  );
}

/** A client asks, the component answers by publishing: a delivery and a publish each. */
async function request(room: Room, count: number) {
  room.handle = async (text, replyTo) => {
    if (replyTo !== undefined) await room.component.publish(replyTo, text);
  };
  const times: number[] = [];
  const perSecond = await rate(count, () =>
    concurrently(count, async () => {
      const began = performance.now();
      await room.client.request("in.ask", body, { timeout: patience });
      times.push(performance.now() - began);
    }),
  );
  room.handle = () => undefined;
  return {
    perSecond: rounded(perSecond),
    p50Ms: rounded(quantile(times, 0.5)),
    p99Ms: rounded(quantile(times, 0.99)),
  };
}

async function flood(
  connection: NatsConnection,
  subject: string,
  count: number,
): Promise<void> {
  for (let i = 0; i < count; i++) {
    connection.publish(subject, body);
    if (i % 500 === 499) await connection.flush();
  }
}

/** So many times, some of them at a time. */
async function concurrently(
  count: number,
  act: () => Promise<void>,
): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await act();
  };
  await Promise.all(Array.from({ length: outstanding }, worker));
}

async function rate(count: number, act: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await act();
  return (count * 1000) / (performance.now() - began);
}
