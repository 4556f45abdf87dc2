import { AckPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";

import type { PeerTask } from "./peer.js";

/** Lets the other side do something. */
export type AskPeer = (task: PeerTask) => Promise<void>;

/** One thing that a connection does; its time and allocations are measured. */
export interface Scenario {
  readonly name: string;
  readonly count: number;
  run(connection: NatsConnection, ask: AskPeer, count: number): Promise<void>;
}

const body = new Uint8Array(100).fill(120);
const outstanding = 64;
export const stream = "BENCH";

/** Makes what the JetStream scenarios need. */
export async function prepare(connection: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: stream, subjects: ["bench.js.*"] });
}

export const scenarios: readonly Scenario[] = [
  {
    name: "publish",
    count: 60_000,
    async run(connection, _, count) {
      for (let i = 0; i < count; i++) {
        connection.publish("bench.out", body);
        if (i % 1000 === 999) await connection.flush();
      }
      await connection.flush();
    },
  },
  {
    name: "subscribe, callback",
    count: 60_000,
    async run(connection, ask, count) {
      let seen = 0;
      await new Promise<void>((resolve) => {
        const subscription = connection.subscribe("bench.in", {
          callback: () => {
            if (++seen < count) return;
            subscription.unsubscribe();
            resolve();
          },
        });
        void connection.flush().then(() => ask({ subject: "bench.in", count }));
      });
    },
  },
  {
    name: "subscribe, iterator",
    count: 60_000,
    async run(connection, ask, count) {
      const subscription = connection.subscribe("bench.in", { max: count });
      await connection.flush();
      void ask({ subject: "bench.in", count });
      let seen = 0;
      for await (const message of subscription) seen += message.data.length;
      if (seen !== count * body.length) throw new Error("not all came");
    },
  },
  {
    name: "request",
    count: 8_000,
    run: (connection, _, count) =>
      concurrently(count, async () => {
        await connection.request("bench.echo", body, { timeout: 10_000 });
      }),
  },
  {
    name: "JetStream publish",
    count: 8_000,
    async run(connection, _, count) {
      const js = jetstream(connection);
      await concurrently(count, async () => {
        await js.publish("bench.js.out", body, { timeout: 10_000 });
      });
    },
  },
  {
    name: "JetStream consume",
    count: 8_000,
    async run(connection, ask, count) {
      const manager = await jetstreamManager(connection);
      await manager.streams.purge(stream);
      await ask({ subject: "bench.js.in", count });
      const { name } = await manager.consumers.add(stream, {
        ack_policy: AckPolicy.Explicit,
        filter_subject: "bench.js.in",
      });
      const consumer = await jetstream(connection).consumers.get(stream, name);
      let seen = 0;
      await new Promise<void>((resolve, reject) => {
        consumer
          .consume({
            max_messages: 1000,
            callback: (message) => {
              message.ack();
              if (++seen === count) resolve();
            },
          })
          .then(
            (messages) => void messages.closed(),
            (error: unknown) => reject(error as Error),
          );
      });
      await manager.consumers.delete(stream, name);
    },
  },
];

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
