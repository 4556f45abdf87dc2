/**
 * The one place that knows the inside of nats.js. Everything else in this package uses what is
 * exported here, so that a new minor version of `@nats-io/nats-core` has one page to be checked
 * against (and `nats-core.test.ts` fails when something used here has gone or changed its shape).
 */
import {
  Connect,
  createInbox,
  deferred,
  Kind,
  MsgHdrsImpl,
  MsgImpl,
  NatsConnectionImpl,
  Parser,
  ProtocolHandler,
  RequestError,
  setTransportFactory,
  type Authenticator,
  type ConnectionOptions,
  type Deferred,
  type MsgArg,
  type NatsConnection,
  type ParserEvent,
  type PublishOptions,
  type Server,
  type ServerInfo,
  type Status,
  type SubscriptionImpl,
  type Transport,
} from "@nats-io/nats-core/internal";
import {
  NodeTransport,
  nodeResolveHost,
} from "@nats-io/transport-node/lib/node_transport.js";

export {
  Connect,
  createInbox,
  deferred,
  Kind,
  MsgHdrsImpl,
  MsgImpl,
  nodeResolveHost,
  NodeTransport,
  Parser,
  RequestError,
};
export type {
  Authenticator,
  ConnectionOptions,
  Deferred,
  MsgArg,
  ParserEvent,
  PublishOptions,
  Server,
  ServerInfo,
  Status,
  SubscriptionImpl,
  Transport,
};

/** nats.js' entry for one server of its pool. */
export type ServerEntry = NonNullable<ReturnType<ProtocolHandler["getServer"]>>;

/** What this package uses of nats.js' protocol handler: to call, to override, to set. */
export interface OpenProtocolHandler {
  readonly options: ConnectionOptions;
  readonly subscriptions: ProtocolHandler["subscriptions"];
  readonly servers: ProtocolHandler["servers"];
  readonly heartbeats: ProtocolHandler["heartbeats"];
  readonly closed: ProtocolHandler["closed"];
  readonly muxSubscriptions: {
    /** Requests under way, by their token; one of the promises ends with each. */
    readonly reqs: Map<
      string,
      { readonly deferred?: Promise<unknown>; readonly done?: Promise<unknown> }
    >;
  };
  readonly lastError?: Error;
  connected: boolean;
  readonly connectedOnce: boolean;
  readonly dialDelay: { cancel(): void } | null;
  readonly infoReceived: boolean;
  inBytes: number;
  inMsgs: number;
  outBytes: number;
  outMsgs: number;
  readonly _closed: boolean;
  _doDial(server: ServerEntry): Promise<void>;
  connectError?: (error?: Error) => void;
  info?: ServerInfo;
  /** Where frames wait for the next write. */
  outbound: {
    drain(): Uint8Array;
    fill(bytes: Uint8Array, ...more: Uint8Array[]): void;
    reset(): void;
    size(): number;
  };
  parser: Parser;
  /** How many bytes may wait. */
  readonly pendingLimit: number;
  pongs: Deferred<void>[];
  server: ServerEntry;
  transport: Transport;

  close(error?: Error): Promise<void>;
  dial(server: Server): Promise<void>;
  dialLoop(): Promise<void>;
  disconnected(error?: Error): Promise<void>;
  dispatchStatus(status: Status): void;
  drain(): Promise<void>;
  flush(answer?: Deferred<void>): Promise<void>;
  getServer(): ServerEntry | undefined;
  isClosed(): boolean;
  processError(text: Uint8Array): void;
  processInfo(info: Uint8Array): void;
  processMsg(message: MsgArg, data: Uint8Array): void;
  processPong(): void;
  publish(
    subject: string,
    payload?: Uint8Array | string,
    options?: PublishOptions,
  ): void;
  push(event: ParserEvent): void;
  resetOutbound(): void;
  sendCommand(command: string | Uint8Array, ...payloads: Uint8Array[]): void;
  sendSubscriptions(): void;
  subscribe(subscription: SubscriptionImpl): SubscriptionImpl;
  _sub(subscription: SubscriptionImpl): void;
  unsub(subscription: SubscriptionImpl, max?: number): void;

  /** Private in nats.js' types. */
  flushPending(): void;
  /** Private in nats.js' types. */
  prepare(): Deferred<void>;
}

/** nats.js' protocol handler as a base class. */
export const OpenProtocolHandler = ProtocolHandler as unknown as new (
  options: ConnectionOptions,
  publisher: OpenNatsConnection,
) => OpenProtocolHandler;

/** What this package uses of nats.js' connection beyond its public type. */
export interface OpenNatsConnection extends NatsConnection {
  readonly options: ConnectionOptions;
  protocol: OpenProtocolHandler;
}

/** nats.js' connection as a base class: its constructor is private in its types only. */
export const OpenNatsConnection = NatsConnectionImpl as unknown as new (
  options: ConnectionOptions,
) => OpenNatsConnection;

let hostResolutionReady = false;

/**
 * nats.js reads its DNS function from a module-wide setting that each stock `connect()` writes. We
 * write the very same value once, so that a program without a stock connection resolves names too.
 * Our own connections never take their transport from that setting, so the two don't disturb
 * each other.
 */
export function prepareHostResolution(): void {
  if (hostResolutionReady) return;
  hostResolutionReady = true;
  setTransportFactory({
    factory: () => new NodeTransport(),
    dnsResolveFn: nodeResolveHost,
  });
}
