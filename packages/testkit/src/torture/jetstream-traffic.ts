import {
  AckPolicy,
  jetstream,
  jetstreamManager,
  StorageType,
  type ConsumerMessages,
} from "@nats-io/jetstream";
import { Kvm, type KvWatchEntry, type KV } from "@nats-io/kv";
import type { NatsConnection, QueuedIterator } from "@nats-io/nats-core";

import { until } from "../wait/until.js";
import { Ledger, type StreamReport } from "./ledger.js";

/** What became of JetStream and KV traffic. */
export interface JetStreamReport {
  /** Messages consumed and KV changes watched by the connection under test; messages it published. */
  readonly streams: readonly StreamReport[];
  /** Messages that the server sent again although they had been acknowledged. */
  readonly redelivered: number;
  /** Publishes without an acknowledgement of the server. */
  readonly unacknowledged: number;
  /** Texts of what went wrong (the first 20). */
  readonly errors: readonly string[];
}

const settleMs = 10_000;
const textMs = 5_000;
const shownErrors = 20;

/**
 * JetStream and KV traffic on a connection under torture: it consumes and acknowledges, publishes and
 * waits for acknowledgements, and watches a bucket. The server has to have JetStream.
 */
export class JetStreamTraffic {
  readonly #consumed = new Ledger("JetStream consume");
  readonly #published = new Ledger("JetStream publish");
  readonly #watched = new Ledger("KV watch");
  readonly #errors: string[] = [];
  readonly #pending = new Set<Promise<void>>();
  #redelivered = 0;
  #unacknowledged = 0;
  #pump: NodeJS.Timeout | undefined;
  #messages: ConsumerMessages | undefined;
  #peerMessages: ConsumerMessages | undefined;
  #watch: QueuedIterator<KvWatchEntry> | undefined;

  private constructor() {}

  /**
   * Makes a stream, consumers and a bucket of its own, and begins.
   *
   * @param perSecond messages of each kind per second. Default 200
   */
  static async start(
    connection: NatsConnection,
    peer: NatsConnection,
    perSecond = 200,
  ): Promise<JetStreamTraffic> {
    const traffic = new JetStreamTraffic();
    const id = Math.random().toString(36).slice(2, 8);
    const stream = `T_${id}`;
    const manager = await jetstreamManager(peer);
    await manager.streams.add({
      name: stream,
      subjects: [`js.${id}.*`],
      storage: StorageType.Memory,
    });
    for (const name of ["in", "out"])
      await manager.consumers.add(stream, {
        durable_name: name,
        filter_subject: `js.${id}.${name}`,
        ack_policy: AckPolicy.Explicit,
        ack_wait: 20_000_000_000,
      });
    const bucket = await new Kvm(peer).create(`kv_${id}`, {
      history: 64,
      storage: StorageType.Memory,
    });
    await traffic.#listen(connection, peer, stream, `kv_${id}`);
    traffic.#begin(connection, peer, id, bucket, perSecond);
    return traffic;
  }

  /** Ends it and waits for what is under way. */
  async stop(): Promise<JetStreamReport> {
    clearInterval(this.#pump);
    await Promise.all(this.#pending);
    const ledgers = [this.#consumed, this.#published, this.#watched];
    await until("the last JetStream messages", settleMs, () =>
      ledgers.every((ledger) => ledger.complete),
    ).catch(() => undefined);
    await this.#messages?.close();
    await this.#peerMessages?.close();
    (this.#watch as { stop(): void } | undefined)?.stop();
    return {
      streams: ledgers.map((ledger) => ledger.report([])),
      redelivered: this.#redelivered,
      unacknowledged: this.#unacknowledged,
      errors: this.#errors,
    };
  }

  async #listen(
    connection: NatsConnection,
    peer: NatsConnection,
    stream: string,
    bucket: string,
  ): Promise<void> {
    const inward = await jetstream(connection).consumers.get(stream, "in");
    this.#messages = await inward.consume({
      callback: (message) => {
        if (message.info.deliveryCount > 1) this.#redelivered++;
        this.#consumed.receive(Number.parseInt(message.string(), 10));
        message.ack();
      },
    });
    const outward = await jetstream(peer).consumers.get(stream, "out");
    this.#peerMessages = await outward.consume({
      callback: (message) => {
        this.#published.receive(Number.parseInt(message.string(), 10));
        message.ack();
      },
    });
    const watched = await new Kvm(connection).open(bucket);
    const watch = await watched.watch();
    this.#watch = watch;
    void (async () => {
      for await (const entry of watch)
        this.#watched.receive(Number.parseInt(entry.string(), 10));
    })();
  }

  #begin(
    connection: NatsConnection,
    peer: NatsConnection,
    id: string,
    bucket: KV,
    perSecond: number,
  ): void {
    const peerJs = jetstream(peer);
    const js = jetstream(connection);
    const started = performance.now();
    let ticks = 0;
    this.#pump = setInterval(() => {
      const due = ((performance.now() - started) * perSecond) / 1000;
      for (; ticks < due; ticks++) {
        const key = `key.${ticks % 50}`;
        this.#do(peerJs.publish(`js.${id}.in`, `${this.#consumed.send()}`));
        this.#do(bucket.put(key, `${this.#watched.send()}`));
        this.#do(
          js.publish(`js.${id}.out`, `${this.#published.send()}`, {
            timeout: textMs,
          }),
          () => this.#unacknowledged++,
        );
      }
    }, 1);
  }

  #do(action: Promise<unknown>, onFailure?: () => void): void {
    const done: Promise<void> = action
      .then(
        () => undefined,
        (error: unknown) => {
          onFailure?.();
          if (this.#errors.length < shownErrors)
            this.#errors.push(String(error));
        },
      )
      .finally(() => this.#pending.delete(done));
    this.#pending.add(done);
  }
}
