// What the tests of the transport share. Holds no test; its name keeps it out of the package.
import { natsServer, until, type NatsServer } from "@keyturn/testkit";
import type { Msg, NatsConnection } from "@nats-io/nats-core";
import { connect, type NodeConnectionOptions } from "@nats-io/transport-node";

import { func, wrpcInterface } from "../interface/wrpc-interface.js";
import {
  list,
  option,
  record,
  result,
  string,
  u32,
  u8,
} from "../values/index.js";

export const brokerMessage = record({
  subject: string,
  body: list(u8),
  replyTo: option(string),
});

export const handlerInterface = wrpcInterface(
  "wasmcloud:messaging/handler@0.2.0",
  { handleMessage: func([brokerMessage], result(undefined, string)) },
);

export const consumerInterface = wrpcInterface(
  "wasmcloud:messaging/consumer@0.2.0",
  {
    publish: func([brokerMessage], result(undefined, string)),
    request: func([string, list(u8), u32], result(brokerMessage, string)),
  },
);

export const text = (value: string): Uint8Array =>
  new TextEncoder().encode(value);
export const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes).toString("hex");
export const unhex = (digits: string): Uint8Array =>
  Uint8Array.from(Buffer.from(digits.replaceAll(" ", ""), "hex"));
export const empty = new Uint8Array(0);

/** A server and its connections, all gone at the end of the block. */
export class Lab implements AsyncDisposable {
  readonly #open: NatsConnection[] = [];
  readonly server: NatsServer;

  private constructor(server: NatsServer) {
    this.server = server;
  }

  static async start(options?: Parameters<typeof natsServer>[0]): Promise<Lab> {
    return new Lab(await natsServer(options));
  }

  async connect(options?: NodeConnectionOptions): Promise<NatsConnection> {
    const connection = await connect({
      servers: this.server.url,
      reconnectTimeWait: 50,
      ...options,
    });
    this.#open.push(connection);
    return connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#open.map((connection) => connection.close()));
    await this.server.stop();
  }
}

/** One message as a bystander sees it. */
export interface Seen {
  readonly subject: string;
  readonly reply: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
}

/** Records every message of a server. Its presence counts as a responder everywhere. */
export async function recordAll(connection: NatsConnection): Promise<Seen[]> {
  const seen: Seen[] = [];
  connection.subscribe(">", {
    callback: (_error, message) => {
      seen.push(seenOf(message));
    },
  });
  await connection.flush();
  return seen;
}

export function seenOf(message: Msg): Seen {
  const headers: Record<string, string> = {};
  for (const [name, values] of message.headers ?? [])
    headers[name] = values.join();
  return {
    subject: message.subject,
    reply: message.reply ?? "",
    headers,
    payload: hex(message.data),
  };
}

/** A call to a server, by hand. */
export class RawCaller {
  readonly inbox: string;
  /** The server's inbox, once it has accepted. */
  accepted: string | undefined;
  handshakes = 0;
  results: string[] = [];
  readonly #connection: NatsConnection;

  constructor(connection: NatsConnection, inbox: string) {
    this.#connection = connection;
    this.inbox = inbox;
    connection.subscribe(inbox, {
      callback: (_error, message) => {
        this.handshakes++;
        this.accepted = message.reply;
      },
    });
    connection.subscribe(`${inbox}.results`, {
      callback: (_error, message) => {
        this.results.push(hex(message.data));
      },
    });
  }

  invoke(subject: string, payload: Uint8Array): void {
    this.#connection.publish(subject, payload, { reply: this.inbox });
  }

  async handshake(): Promise<string> {
    return until("the handshake", 5000, () => this.accepted);
  }

  params(payload: Uint8Array): void {
    this.#connection.publish(`${this.accepted ?? ""}.params`, payload);
  }

  /** All results once their end has come. */
  async end(): Promise<string[]> {
    return until("the end of the results", 5000, () =>
      this.results.at(-1) === "" ? this.results : undefined,
    );
  }
}

/** Answers calls, by hand. */
export class RawCallee {
  readonly invocations: Msg[] = [];
  readonly #connection: NatsConnection;
  #inboxes = 0;

  constructor(
    connection: NatsConnection,
    subject: string,
    onInvocation?: (message: Msg) => void,
  ) {
    this.#connection = connection;
    connection.subscribe(subject, {
      callback: (_error, message) => {
        this.invocations.push(message);
        onInvocation?.(message);
      },
    });
  }

  /** Accepts a call; the parameters that come by and by, with their end. */
  accept(message: Msg): string[] {
    const params: string[] = [];
    const inbox = `raw.callee.${message.sid}.${++this.#inboxes}`;
    this.#connection.subscribe(`${inbox}.params`, {
      callback: (_error, part) => {
        params.push(hex(part.data));
      },
    });
    this.#connection.publish(message.reply ?? "", empty, { reply: inbox });
    return params;
  }

  results(message: Msg, ...chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks)
      this.#connection.publish(`${message.reply ?? ""}.results`, chunk);
  }
}
