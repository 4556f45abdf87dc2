import {
  jetstream,
  type ConsumerMessages,
  type JetStreamClient,
  type JsMsg,
} from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/nats-core";

import type { Inbound } from "./client-side.js";
import { now } from "./clock.js";
import { ReceivedLog, SentLog } from "./logs.js";
import type { Pump } from "./pace.js";
import type { FailedRequest } from "./requests.js";
import {
  bodyOf,
  jetStreamNames,
  numberOf,
  soonNoticed,
  subjectOf,
} from "./traffic.js";

const ackMs = 5000;

/** The JetStream and KV traffic of the client under test; the peer has made what it uses. */
export class ClientJetStream {
  readonly inbound: Inbound[] = [];
  readonly published = new SentLog();
  /** When the server delivered something again. */
  readonly redelivered: number[] = [];
  /** Publishes without an acknowledgement. */
  readonly failed: FailedRequest[] = [];
  readonly #connection: NatsConnection;
  readonly #js: JetStreamClient;
  readonly #id: string;
  readonly #pending = new Set<Promise<unknown>>();
  readonly #consuming: ConsumerMessages[] = [];
  #watch: { stop(): void } | undefined;
  #isOver = false;
  #fetching: Promise<void> | undefined;

  constructor(connection: NatsConnection, id: string) {
    this.#connection = connection;
    this.#js = jetstream(connection);
    this.#id = id;
  }

  /** Consumes in every way, and watches the bucket. */
  async listen(): Promise<void> {
    const stream = jetStreamNames.stream(this.#id);
    const { consumers } = this.#js;
    const acknowledging = (name: string) => {
      const log = this.#inbound(name, "JetStream");
      return { callback: (message: JsMsg) => this.#take(log, message) };
    };
    const pull = await consumers.get(stream, "consume");
    this.#consuming.push(
      await pull.consume({
        ...acknowledging("JetStream consume"),
        ...soonNoticed,
      }),
    );
    const push = await consumers.getPushConsumer(stream, "push");
    this.#consuming.push(await push.consume(acknowledging("JetStream push")));
    const ordered = await consumers.get(stream, {
      filter_subjects: subjectOf(this.#id, "js.in"),
    });
    const log = this.#inbound("JetStream ordered", "JetStream");
    this.#consuming.push(
      await ordered.consume({
        ...soonNoticed,
        callback: (message) => log.add(numberOf(message)),
      }),
    );
    this.#fetching = this.#fetch(this.#inbound("JetStream fetch", "JetStream"));
    await this.#watchBucket(this.#inbound("KV watch", "KV"));
  }

  publishWith(pump: Pump, perSecond: number): void {
    const subject = subjectOf(this.#id, "js.out");
    pump.add(perSecond, () => {
      const number = this.published.next();
      const from = now();
      const done: Promise<unknown> = this.#js
        .publish(subject, bodyOf(number), { timeout: ackMs })
        .catch((error: unknown) => {
          this.published.forget(number);
          this.failed.push({ from, to: now(), error: String(error) });
        })
        .finally(() => this.#pending.delete(done));
      this.#pending.add(done);
    });
  }

  /** Waits for the acknowledgements of what was published. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  async close(): Promise<void> {
    this.#isOver = true;
    this.#watch?.stop();
    for (const messages of this.#consuming) await messages.close();
    await this.#fetching;
  }

  #inbound(name: string, sender: string): ReceivedLog {
    const log = new ReceivedLog();
    this.inbound.push({ name, sender, log });
    return log;
  }

  #take(log: ReceivedLog, message: JsMsg): void {
    if (message.info.deliveryCount > 1) this.redelivered.push(now());
    log.add(numberOf(message));
    message.ack();
  }

  async #fetch(log: ReceivedLog): Promise<void> {
    const stream = jetStreamNames.stream(this.#id);
    const consumer = await this.#js.consumers.get(stream, "fetch");
    while (!this.#isOver) {
      try {
        const batch = { max_messages: 50, expires: 1000 };
        for await (const message of await consumer.fetch(batch))
          this.#take(log, message);
      } catch {
        // Without a server there is nothing to fetch; what is missing in the end is told.
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async #watchBucket(log: ReceivedLog): Promise<void> {
    const bucket = jetStreamNames.bucket(this.#id);
    const watch = await (await new Kvm(this.#connection).open(bucket)).watch();
    this.#watch = watch as unknown as { stop(): void };
    void (async () => {
      for await (const entry of watch) log.add(numberOf(entry));
    })();
  }
}
