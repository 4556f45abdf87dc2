import type { Msg } from "@nats-io/nats-core";

/** How much of what, per second. */
export interface TortureRates {
  /** Messages delivered to the client under test. Default 6,000. */
  readonly in: number;
  /** Messages that it publishes. Default 500. */
  readonly out: number;
  /** Requests, each way. Default 100. */
  readonly requests: number;
  /** JetStream messages each way, and changes of a KV bucket; 0 for a server without. Default 50. */
  readonly jetStream: number;
}

/** Defaults of {@link TortureRates}. */
export const defaultRates: TortureRates = {
  in: 6000,
  out: 500,
  requests: 100,
  jetStream: 50,
};

/** TLS of the peer: options of nats.js, as PEM text. */
export interface PeerTls {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly handshakeFirst?: boolean;
}

/** What the peer needs to know. */
export interface PeerPlan {
  readonly servers: readonly string[];
  /** Absent: whom the servers take without one. */
  readonly user?: { readonly jwt: string; readonly seed: string };
  readonly tls?: PeerTls;
  /** Unique token of all subjects. */
  readonly id: string;
  readonly rates: TortureRates;
  /** Whether connections break and servers restart: JetStream uses files, and is soon to deliver again. */
  readonly faults: boolean;
  readonly replicas: number;
}

/** Streams of numbered messages to the client under test, by the end of their subjects. */
export const senders = [
  "callback",
  "iterator",
  "queue",
  "wild.card",
  "ordered",
  "inbox",
] as const;

/** How many deliveries one message of each sender makes together: overlapping wildcards get one each. */
export const deliveriesOfAll = senders.length + 1;

/** Names of the stream, the bucket and the consumers that the peer makes. */
export const jetStreamNames = {
  stream: (id: string) => `T_${id}`,
  bucket: (id: string) => `kv_${id}`,
  consumers: ["consume", "fetch", "push"],
} as const;

/** When a server restarts, only missing heartbeats tell nats.js that nobody serves its pull any more. */
export const soonNoticed = { expires: 5000, idle_heartbeat: 1000 };

/** Acknowledgements are waited for so long, in milliseconds. */
export function ackWaitMs(faults: boolean): number {
  return faults ? 2000 : 20_000;
}

export function subjectOf(id: string, name: string): string {
  return name === "inbox" ? `_INBOX.${id}` : `t.${id}.${name}`;
}

/** The number of a message. */
export function numberOf(message: Pick<Msg, "string">): number {
  return Number.parseInt(message.string(), 10);
}

const padding = "x".repeat(48);

/** A message with this number, as long as a real one. */
export function bodyOf(number: number): string {
  return `${number} ${padding}`;
}
