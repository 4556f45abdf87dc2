import type {
  Msg,
  NatsConnection,
  SubscriptionOptions,
} from "@nats-io/nats-core";

import { now } from "./clock.js";
import { ReceivedLog, SentLog } from "./logs.js";
import { Pump } from "./pace.js";
import { Requests, type FailedRequest } from "./requests.js";
import { bodyOf, numberOf, subjectOf, type TortureRates } from "./traffic.js";

const handlerMs = 20;

/** A stream that the client under test receives. */
export interface Inbound {
  readonly name: string;
  /** Whose messages it gets. */
  readonly sender: string;
  readonly log: ReceivedLog;
}

/** The core NATS traffic of the client under test. */
export class ClientSide {
  readonly inbound: Inbound[] = [];
  readonly published = new SentLog();
  readonly requests: Requests;
  /** What it would not publish. */
  readonly failed: FailedRequest[] = [];
  readonly pump = new Pump();
  readonly #connection: NatsConnection;
  readonly #id: string;

  constructor(connection: NatsConnection, id: string, rates: TortureRates) {
    this.#connection = connection;
    this.#id = id;
    this.requests = new Requests(connection, subjectOf(id, "make"));
    this.pump.add(rates.out, () => this.#publish());
    this.pump.add(rates.requests, () => this.requests.make());
  }

  /** Subscribes in every way. */
  async listen(): Promise<void> {
    this.#callback("callback", "callback");
    this.#iterator("iterator", "iterator");
    this.#callback("queue group", "queue", "queue", { queue: "workers" });
    this.#callback("wildcard", "wild.card", "wild.>");
    this.#callback("overlapping wildcard", "wild.card", "wild.*");
    this.#callback("ordered", "ordered");
    this.#callback("inbox", "inbox");
    const answer = (message: Msg): void =>
      void setTimeout(() => message.respond(message.data), handlerMs);
    this.#connection.subscribe(subjectOf(this.#id, "serve"), {
      callback: (error, message) => {
        if (error === null) answer(message);
      },
    });
    this.#connection.subscribe(subjectOf(this.#id, "probe"), {
      callback: (error, message) => {
        if (error === null) message.respond();
      },
    });
    await this.#connection.flush();
  }

  #callback(
    name: string,
    sender: string,
    listen = sender,
    options: SubscriptionOptions = {},
  ): void {
    const log = new ReceivedLog();
    this.inbound.push({ name, sender, log });
    this.#connection.subscribe(subjectOf(this.#id, listen), {
      ...options,
      callback: (error, message) => {
        if (error === null) log.add(numberOf(message));
      },
    });
  }

  #iterator(name: string, sender: string): void {
    const log = new ReceivedLog();
    this.inbound.push({ name, sender, log });
    const subscription = this.#connection.subscribe(
      subjectOf(this.#id, sender),
    );
    void (async () => {
      for await (const message of subscription) log.add(numberOf(message));
    })();
  }

  #publish(): void {
    const number = this.published.next();
    try {
      this.#connection.publish(subjectOf(this.#id, "out"), bodyOf(number));
    } catch (error) {
      // It said so: nothing was lost in silence.
      this.published.forget(number);
      const at = now();
      this.failed.push({ from: at, to: at, error: String(error) });
    }
  }
}
