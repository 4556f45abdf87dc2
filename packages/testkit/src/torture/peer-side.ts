import {
  AckPolicy,
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  StorageType,
  type ConsumerMessages,
} from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { jwtAuthenticator, type NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";

import { until } from "../wait/until.js";
import { now } from "./clock.js";
import { ReceivedLog, SentLog, type Deliveries } from "./logs.js";
import { Pump } from "./pace.js";
import { Requests, type FailedRequest, type RequestLog } from "./requests.js";
import {
  ackWaitMs,
  bodyOf,
  deliveriesOfAll,
  jetStreamNames,
  numberOf,
  senders,
  soonNoticed,
  subjectOf,
  type PeerPlan,
} from "./traffic.js";

/** What the peer sent. */
export interface PeerSent {
  readonly times: Readonly<Record<string, readonly number[]>>;
  readonly requests: RequestLog;
  /** What the server did not take. */
  readonly failed: readonly FailedRequest[];
}

const handlerMs = 20;
const settleMs = 15_000;

/** An ordinary connection that sends to, and hears from, the client under test. */
export class PeerSide {
  readonly #plan: PeerPlan;
  readonly #connection: NatsConnection;
  readonly #pump = new Pump();
  readonly #sent = new Map<string, SentLog>();
  readonly #received = new Map<string, ReceivedLog>();
  readonly #requests: Requests;
  readonly #failed: FailedRequest[] = [];
  readonly #pending = new Set<Promise<unknown>>();
  #messages: ConsumerMessages | undefined;

  private constructor(plan: PeerPlan, connection: NatsConnection) {
    this.#plan = plan;
    this.#connection = connection;
    this.#requests = new Requests(connection, subjectOf(plan.id, "serve"));
  }

  /** Connects, listens, and makes what JetStream needs. */
  static async open(plan: PeerPlan): Promise<PeerSide> {
    const connection = await connect({
      servers: [...plan.servers],
      ...(plan.tls !== undefined && { tls: plan.tls }),
      ...(plan.user !== undefined && {
        authenticator: jwtAuthenticator(
          plan.user.jwt,
          new TextEncoder().encode(plan.user.seed),
        ),
      }),
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
      ignoreAuthErrorAbort: true,
    });
    const side = new PeerSide(plan, connection);
    side.#listen();
    if (plan.rates.jetStream > 0) await side.#prepareJetStream();
    await connection.flush();
    return side;
  }

  start(): void {
    const { id, rates } = this.#plan;
    this.#pump.add(rates.in / deliveriesOfAll, () => {
      for (const sender of senders)
        this.#connection.publish(
          subjectOf(id, sender),
          bodyOf(this.#log(sender).next()),
        );
    });
    this.#pump.add(rates.requests, () => this.#requests.make());
    this.#pump.start();
  }

  /** Sends no more, and waits for what is under way. */
  async halt(): Promise<PeerSent> {
    this.#pump.stop();
    await this.#requests.settled();
    await Promise.all(this.#pending);
    await this.#connection.flush();
    return {
      times: Object.fromEntries(
        [...this.#sent].map(([name, { times }]) => [name, times]),
      ),
      requests: { sent: this.#requests.sent, failed: this.#requests.failed },
      failed: this.#failed,
    };
  }

  /** What came of what the client under test sent, when all of it or nothing more has come. */
  async received(
    sent: Readonly<Record<string, readonly number[]>>,
  ): Promise<Readonly<Record<string, Deliveries>>> {
    await until("the last messages", settleMs, () =>
      Object.entries(sent).every(([name, times]) =>
        this.#receivedLog(name).isOver(times, name.startsWith("JetStream")),
      ),
    ).catch(() => undefined);
    await this.#connection.flush();
    return Object.fromEntries(
      [...this.#received].map(([name, { numbers, times }]) => [
        name,
        { numbers, times },
      ]),
    );
  }

  /** Resolves when the client under test answers. */
  async probe(ms: number): Promise<void> {
    await until("an answer of the client", ms, async () => {
      try {
        await this.#connection.request(
          subjectOf(this.#plan.id, "probe"),
          undefined,
          { timeout: 250, noMux: true },
        );
        return true;
      } catch {
        return false;
      }
    });
  }

  async close(): Promise<void> {
    await this.#messages?.close();
    await this.#connection.close();
  }

  #log(name: string): SentLog {
    let log = this.#sent.get(name);
    if (log === undefined) this.#sent.set(name, (log = new SentLog()));
    return log;
  }

  #receivedLog(name: string): ReceivedLog {
    let log = this.#received.get(name);
    if (log === undefined) this.#received.set(name, (log = new ReceivedLog()));
    return log;
  }

  #listen(): void {
    const { id } = this.#plan;
    const published = this.#receivedLog("publish");
    this.#connection.subscribe(subjectOf(id, "out"), {
      callback: (_, message) => published.add(numberOf(message)),
    });
    this.#connection.subscribe(subjectOf(id, "make"), {
      callback: (_, message) =>
        void setTimeout(() => message.respond(message.data), handlerMs),
    });
  }

  async #prepareJetStream(): Promise<void> {
    const { id, rates, faults, replicas } = this.#plan;
    const storage = faults ? StorageType.File : StorageType.Memory;
    const stream = jetStreamNames.stream(id);
    const manager = await until("JetStream", settleMs, () =>
      jetstreamManager(this.#connection).catch(() => undefined),
    );
    await until("a stream", settleMs, async () => {
      const subjects = [subjectOf(id, "js.*")];
      const wanted = {
        name: stream,
        subjects,
        storage,
        num_replicas: replicas,
      };
      return manager.streams.add(wanted).catch(() => undefined);
    });
    const common = {
      ack_policy: AckPolicy.Explicit,
      ack_wait: ackWaitMs(faults) * 1_000_000,
      filter_subject: subjectOf(id, "js.in"),
      max_ack_pending: 10_000,
    };
    for (const name of jetStreamNames.consumers)
      await manager.consumers.add(stream, {
        ...common,
        durable_name: name,
        deliver_policy: DeliverPolicy.All,
        ...(name === "push" && {
          deliver_subject: subjectOf("push", "inbox") + id,
          idle_heartbeat: 2_000_000_000,
        }),
      });
    await manager.consumers.add(stream, {
      ...common,
      durable_name: "out",
      filter_subject: subjectOf(id, "js.out"),
    });
    const js = jetstream(this.#connection);
    const bucket = await new Kvm(js).create(jetStreamNames.bucket(id), {
      history: 64,
      storage,
      replicas,
    });
    const consumer = await js.consumers.get(stream, "out");
    const published = this.#receivedLog("JetStream publish");
    this.#messages = await consumer.consume({
      ...soonNoticed,
      callback: (message) => {
        published.add(numberOf(message));
        message.ack();
      },
    });
    let keys = 0;
    this.#pump.add(rates.jetStream, () => {
      this.#try("JetStream", (body) =>
        js.publish(subjectOf(id, "js.in"), body),
      );
      this.#try("KV", (body) => bucket.put(`key.${keys++ % 50}`, body));
    });
  }

  /** Numbers a message; it counts only if the server takes it. */
  #try(sender: string, act: (body: string) => Promise<unknown>): void {
    const log = this.#log(sender);
    const number = log.next();
    const from = now();
    const done: Promise<unknown> = act(bodyOf(number))
      .catch((error: unknown) => {
        log.forget(number);
        this.#failed.push({ from, to: now(), error: `peer: ${String(error)}` });
      })
      .finally(() => this.#pending.delete(done));
    this.#pending.add(done);
  }
}
