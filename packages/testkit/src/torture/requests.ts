import type { NatsConnection } from "@nats-io/nats-core";

import { now } from "./clock.js";

/** A request without its answer. */
export interface FailedRequest {
  readonly from: number;
  readonly to: number;
  readonly error: string;
}

/** Requests as they were made. */
export interface RequestLog {
  readonly sent: number;
  readonly failed: readonly FailedRequest[];
}

const timeoutMs = 5000;
const padding = "x".repeat(48);

/** Makes requests in each way that nats.js has, and checks each answer. */
export class Requests implements RequestLog {
  readonly failed: FailedRequest[] = [];
  sent = 0;
  readonly #connection: NatsConnection;
  readonly #subject: string;
  readonly #pending = new Set<Promise<void>>();

  constructor(connection: NatsConnection, subject: string) {
    this.#connection = connection;
    this.#subject = subject;
  }

  make(): void {
    const number = this.sent++;
    const from = now();
    const call: Promise<void> = this.#ask(number)
      .catch((error: unknown) => {
        this.failed.push({ from, to: now(), error: String(error) });
      })
      .finally(() => this.#pending.delete(call));
    this.#pending.add(call);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  async #ask(number: number): Promise<void> {
    const text = `${number} ${padding}`;
    const answer = await this.#answer(number % 10, text);
    if (answer !== text) throw new Error(`the answer was ${answer}`);
  }

  /** Most through the inbox that all share, some through one of their own, some for many answers. */
  async #answer(way: number, text: string): Promise<string> {
    const subject = this.#subject;
    if (way === 0) {
      const one = { timeout: timeoutMs, noMux: true };
      return (await this.#connection.request(subject, text, one)).string();
    }
    if (way > 1) {
      const shared = { timeout: timeoutMs };
      return (await this.#connection.request(subject, text, shared)).string();
    }
    const answers = await this.#connection.requestMany(subject, text, {
      strategy: "count",
      maxMessages: 1,
      maxWait: timeoutMs,
    });
    let last = "none";
    for await (const answer of answers) last = answer.string();
    return last;
  }
}
