import type {
  Msg,
  NatsConnection,
  SubscriptionOptions,
} from "@nats-io/nats-core";

import { until } from "../wait/until.js";
import { Ledger, type StreamReport } from "./ledger.js";

/** What is tortured, and how hard. */
export interface TortureOptions {
  /** The connection under test. */
  readonly connection: NatsConnection;
  /** An ordinary connection to the same account that sends to, and hears from, the one under test. */
  readonly peer: NatsConnection;
  /** Changes the credential of the connection under test; the next rotation begins when it resolves. */
  readonly rotate: (round: number) => Promise<void>;
  /** How many rotations. Default 20. */
  readonly rotations?: number;
  /** Pause before each rotation in milliseconds; a function may choose it at random. Default 20. */
  readonly pauseMs?: number | ((round: number) => number);
  /** Messages to the connection under test per second and stream; there are six. Default 1,000. */
  readonly rate?: number;
  /** Messages from the connection under test per second. Default: half of `rate`. */
  readonly outRate?: number;
  /** Requests per second, each way. Default: an eighth of `rate`. */
  readonly requestRate?: number;
  /** Delay of request handlers in milliseconds. Default 20. */
  readonly handlerMs?: number;
}

/** What came out. */
export interface TortureReport {
  readonly rotations: number;
  readonly streams: readonly StreamReport[];
  /** Requests that the peer made and the connection under test served. */
  readonly served: RequestReport;
  /** Requests that the connection under test made. */
  readonly made: RequestReport;
  /** Milliseconds a call of `rotate` took, in ascending order. */
  readonly rotationMs: readonly number[];
  /** Status events of the connection under test while it was tortured; pings, which come with time, are left out. */
  readonly statuses: readonly string[];
}

/** Requests of one direction. */
export interface RequestReport {
  readonly sent: number;
  readonly failed: number;
  /** Texts of the failures (the first 20). */
  readonly errors: readonly string[];
}

const settleMs = 5000;

/**
 * Rotates the credentials of a live connection again and again under numbered traffic in all
 * directions, and accounts for every message.
 *
 * Streams in: callback and iterator subscriptions, a queue group, overlapping wildcards, an inbox.
 * Out: publishes, whose order must be kept. Requests both ways, with slow asynchronous handlers.
 */
export async function rotationTorture(
  options: TortureOptions,
): Promise<TortureReport> {
  const { connection, peer } = options;
  const rate = options.rate ?? 1000;
  const handlerMs = options.handlerMs ?? 20;
  const statuses: string[] = [];
  void (async () => {
    for await (const { type } of connection.status())
      if (type !== "ping") statuses.push(type);
  })();

  const id = Math.random().toString(36).slice(2, 8);
  const inbound = await subscribeAll(connection, id);
  const out = new Ledger("publish");
  const outSubscription = peer.subscribe(`t.${id}.out`, {
    callback: (_, m) => out.receive(numberOf(m)),
  });
  const answer = (m: Msg): void =>
    void setTimeout(() => m.respond(m.data), handlerMs);
  const services = [
    connection.subscribe(`t.${id}.serve`, { callback: (_, m) => answer(m) }),
    peer.subscribe(`t.${id}.make`, { callback: (_, m) => answer(m) }),
  ];
  await connection.flush();
  await peer.flush();

  const served = new Requests(peer, `t.${id}.serve`);
  const made = new Requests(connection, `t.${id}.make`);
  const paced = [
    new Pace(rate, () => {
      for (const stream of inbound)
        peer.publish(stream.subject, `${stream.ledger.send()} ${padding}`);
    }),
    new Pace(options.outRate ?? rate / 2, () => {
      connection.publish(`t.${id}.out`, `${out.send()} ${padding}`);
    }),
    new Pace(options.requestRate ?? rate / 8, () => {
      served.make();
      made.make();
    }),
  ];
  const pump = setInterval(() => {
    for (const pace of paced) pace.catchUp();
  }, 1);

  const spans: (readonly [number, number])[] = [];
  try {
    for (let round = 0; round < (options.rotations ?? 20); round++) {
      const pause =
        typeof options.pauseMs === "function"
          ? options.pauseMs(round)
          : (options.pauseMs ?? 20);
      await new Promise((resolve) => setTimeout(resolve, pause));
      const start = performance.now();
      await options.rotate(round);
      spans.push([start, performance.now()]);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  } finally {
    clearInterval(pump);
  }

  await Promise.all([served.settled(), made.settled()]);
  await peer.flush();
  await connection.flush();
  const ledgers = [...inbound.map((stream) => stream.ledger), out];
  await until("the last messages", settleMs, () =>
    ledgers.every((ledger) => ledger.complete),
  ).catch(() => undefined);
  // A duplicate may still be on its way.
  await connection.flush();
  await peer.flush();
  for (const stream of inbound) stream.end();
  for (const subscription of [...services, outSubscription])
    subscription.unsubscribe();
  return {
    rotations: spans.length,
    streams: ledgers.map((ledger) => ledger.report(spans)),
    served: served.report(),
    made: made.report(),
    rotationMs: spans
      .map(([start, end]) => end - start)
      .toSorted((a, b) => a - b),
    statuses,
  };
}

const padding = "x".repeat(48);

interface Inbound {
  readonly subject: string;
  readonly ledger: Ledger;
  readonly end: () => void;
}

async function subscribeAll(
  connection: NatsConnection,
  id: string,
): Promise<Inbound[]> {
  const callback = (
    name: string,
    subject: string,
    listen = subject,
    extra: SubscriptionOptions = {},
  ): Inbound => {
    const ledger = new Ledger(name);
    const subscription = connection.subscribe(listen, {
      ...extra,
      callback: (_, m) => {
        if (m.subject === subject) ledger.receive(numberOf(m));
      },
    });
    return { subject, ledger, end: () => subscription.unsubscribe() };
  };
  const iterator = (name: string, subject: string): Inbound => {
    const ledger = new Ledger(name);
    const subscription = connection.subscribe(subject);
    void (async () => {
      for await (const m of subscription) ledger.receive(numberOf(m));
    })();
    return { subject, ledger, end: () => subscription.unsubscribe() };
  };
  return [
    callback("callback", `t.${id}.callback`),
    iterator("iterator", `t.${id}.iterator`),
    callback("queue group", `t.${id}.queue`, `t.${id}.queue`, {
      queue: "workers",
    }),
    callback("wildcard", `t.${id}.wild.card`, `t.${id}.wild.>`),
    callback("overlapping wildcard", `t.${id}.wild.both`, `t.${id}.wild.*`),
    callback("inbox", `_INBOX.${id}`),
  ];
}

function numberOf(message: Msg): number {
  return Number.parseInt(message.string(), 10);
}

/** Does something so many times a second. */
class Pace {
  readonly #perSecond: number;
  readonly #act: () => void;
  readonly #started = performance.now();
  #done = 0;

  constructor(perSecond: number, act: () => void) {
    this.#perSecond = perSecond;
    this.#act = act;
  }

  /** As often as is due. */
  catchUp(): void {
    const elapsed = performance.now() - this.#started;
    const due = (elapsed * this.#perSecond) / 1000;
    for (; this.#done < due; this.#done++) this.#act();
  }
}

class Requests {
  readonly #connection: NatsConnection;
  readonly #subject: string;
  readonly #pending = new Set<Promise<void>>();
  readonly #errors: string[] = [];
  #sent = 0;
  #failed = 0;

  constructor(connection: NatsConnection, subject: string) {
    this.#connection = connection;
    this.#subject = subject;
  }

  make(): void {
    const text = `${this.#sent++} ${padding}`;
    const call: Promise<void> = this.#connection
      .request(this.#subject, text, { timeout: 5000 })
      .then((m) => {
        if (m.string() !== text)
          throw new Error("the answer to another request");
      })
      .catch((error: unknown) => {
        this.#failed++;
        if (this.#errors.length < 20) this.#errors.push(String(error));
      })
      .finally(() => this.#pending.delete(call));
    this.#pending.add(call);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  report(): RequestReport {
    return { sent: this.#sent, failed: this.#failed, errors: this.#errors };
  }
}
