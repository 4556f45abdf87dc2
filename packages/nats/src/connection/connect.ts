import type { NodeConnectionOptions } from "@nats-io/transport-node";

import { noCredential } from "../credentials/makers.js";
import { fail } from "../errors/nats-errors.js";
import { teller } from "../events/teller.js";
import type { NatsEvent } from "../events/nats-events.js";
import type { HandoverDeadlines } from "../handover/report.js";
import { LiveConnection } from "../handover/live-connection.js";
import type { RefreshOptions } from "../keeper/refresh-plan.js";
import type { OutboxOptions } from "../outbox/outbox.js";
import type { Credentials } from "../sources/credential-source.js";
import {
  PlaintextGuard,
  type CredentialsPolicy,
} from "../sources/plaintext-guard.js";
import { reconnectDelays } from "./reconnect-delays.js";
import { parseServers } from "./servers.js";
import { webSockets } from "../websocket/web-sockets.js";
import { readTls, type TlsSettings } from "../tls/tls-options.js";
import { watchWith } from "./watch.js";
import { tellCredentialChange } from "./tell-credential-change.js";
import { tellFault } from "./tell-fault.js";

/** Options that nats.js has and others replace. */
type Replaced =
  | "authenticator"
  | "user"
  | "pass"
  | "token"
  | "port"
  | "servers"
  | "tls"
  | "reconnectTimeWait"
  | "reconnectJitter"
  | "reconnectJitterTLS";

/** Options of {@link connect}: those of nats.js, without its ways to sign in, and these. */
export interface ConnectOptions extends Omit<NodeConnectionOptions, Replaced> {
  /** One address or several, as text (comma-separated) or list. Default `127.0.0.1:4222`. */
  readonly servers?: string | readonly string[];
  /**
   * What to sign in with: a credential, or where to take one. A source is asked again ahead of expiry;
   * what it gives then takes over without a message lost. Default: none, an anonymous connection.
   */
  readonly credentials?: Credentials;
  /**
   * Whether a credential that lies in plain text (`origin.plaintext`) is used with a warning, or
   * refused. Give a guard to warn by yourself, or in common with others. Default `prefer-secrets`.
   */
  readonly credentialsPolicy?: CredentialsPolicy | PlaintextGuard;
  /** TLS settings; null for no TLS, even if a server offers it. Default: TLS where the server does. */
  readonly tls?: TlsSettings | null;
  /** Name of this connection in events. Default: `name`, else the first server. */
  readonly connectionLabel?: string;
  /**
   * The servers' `max_control_line`, in bytes: a credential that does not fit is refused before any
   * dial. Default {@link defaultMaxControlLine}, as the servers' own.
   */
  readonly maxControlLine?: number;
  /** Told the events of this connection, as they are told on the channel. */
  readonly onEvent?: (event: NatsEvent) => void;
  /** When a source is asked again. */
  readonly refresh?: RefreshOptions;
  /** What may wait while there is no connection. */
  readonly outbox?: OutboxOptions;
  /** Deadlines of a hand-over. */
  readonly handover?: Partial<HandoverDeadlines>;
  /** Plain subscriptions that keep the order of messages across a hand-over. Default: none. */
  readonly keepOrder?: (subject: string) => boolean;
}

/** How long dialling a server may take, in milliseconds. */
export const defaultTimeoutMs = 3000;
/** Pause between pings, in milliseconds: with {@link defaultMaxPingOut}, a dead path shows after 10 to 15 s. */
export const defaultPingIntervalMs = 5000;
/** Pings that may be unanswered. */
export const defaultMaxPingOut = 2;

/**
 * Connects to NATS. The result is nats.js' own connection, and more: it outlives its credential, and is
 * never closed by an authentication error.
 *
 * The first connection fails fast; from then on it comes back by itself, whatever happens.
 *
 * @throws KeyturnError `CONNECT_…`, and what the credential source throws
 */
export async function connect(
  options: ConnectOptions = {},
): Promise<LiveConnection> {
  refuseConflicts(options);
  const {
    servers,
    credentials,
    credentialsPolicy,
    connectionLabel,
    maxControlLine,
    refresh,
    outbox,
    handover,
    keepOrder,
    onEvent,
    tls,
    ...rest
  } = options;
  const list = parseServers(
    typeof servers === "string"
      ? servers
      : (servers ?? ["127.0.0.1:4222"]).join(","),
  );
  if (list.user !== undefined) {
    throw fail(
      "CONNECT_OPTIONS_CONFLICT",
      "A server address carries user information.",
      {
        next: "Leave it out of the address, and pass it as `credentials`.",
      },
    );
  }
  if (list.webSocket) refuseTlsOfTcp(tls, list.tls);
  const streams = list.webSocket ? await webSockets(list.servers) : undefined;
  const ownTls = readTls(tls, list.tls);
  const source = credentials ?? noCredential();
  const delays = reconnectDelays();
  const name = connectionLabel ?? rest.name ?? (list.servers[0] as string);
  const tell = teller(name, onEvent);
  const guard =
    credentialsPolicy instanceof PlaintextGuard
      ? credentialsPolicy
      : new PlaintextGuard({
          policy: credentialsPolicy ?? "prefer-secrets",
          who: `The connection \`${name}\``,
          onWarning: ({ code, message }) =>
            tell({ type: "plaintext", level: "warn", code, message }),
        });
  const connection = await LiveConnection.open(
    {
      timeout: defaultTimeoutMs,
      pingInterval: defaultPingIntervalMs,
      maxPingOut: defaultMaxPingOut,
      reconnectDelayHandler: delays.next,
      ...rest,
      ...ownTls.options,
      servers: [...list.servers],
      reconnect: true,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      waitOnFirstConnect: false,
    },
    source,
    {
      guard,
      ...(refresh === undefined ? {} : { refresh }),
      ...(outbox === undefined ? {} : { outbox }),
      ...(handover === undefined ? {} : { handover }),
      ...(keepOrder === undefined ? {} : { keepOrder }),
      ...(maxControlLine === undefined ? {} : { maxControlLine }),
      ...(streams === undefined ? {} : { streams }),
      ...(ownTls.source === undefined ? {} : { tls: ownTls.source }),
      onChange: (change) => {
        delays.onChange(change);
        if (change.type !== "connected") tellCredentialChange(change, tell);
      },
      onFault: (fault) => tellFault(fault, tell),
    },
  );
  watchWith(connection, tell);
  const { publicKey } = connection.posture();
  const server = connection.getServer();
  tell({
    type: "connected",
    level: "info",
    server,
    message: `Connected to ${server}${publicKey === undefined ? "" : ` as ${publicKey}`}.`,
  });
  return connection;
}

/** The address of a WebSocket says by itself whether there is TLS, and begins with it. */
function refuseTlsOfTcp(
  tls: TlsSettings | null | undefined,
  demanded: boolean,
): void {
  if (tls !== null && tls !== undefined && !demanded)
    throw fail(
      "CONNECT_OPTIONS_CONFLICT",
      "The option `tls` is set, and the server addresses are `ws://`.",
      { next: "Write them as `wss://`, or leave the option out." },
    );
  if (tls?.handshakeFirst !== undefined)
    throw fail(
      "CONNECT_OPTIONS_CONFLICT",
      "The option `tls.handshakeFirst` has no meaning for `wss://`: TLS comes first there.",
      { next: "Leave it out." },
    );
}

/** What nats.js would take, and what cannot be kept: refused loudly, never silently different. */
const replaced: Readonly<Record<string, string>> = {
  authenticator: "Pass `credentials` in its place.",
  user: "Pass `credentials` in its place.",
  pass: "Pass `credentials` in its place.",
  token: "Pass `credentials` in its place.",
  port: "Pass `servers` in its place.",
  reconnectTimeWait: "Pass `reconnectDelayHandler` in its place.",
  reconnectJitter: "Pass `reconnectDelayHandler` in its place.",
  reconnectJitterTLS: "Pass `reconnectDelayHandler` in its place.",
};
const notKept = [
  "reconnect",
  "maxReconnectAttempts",
  "ignoreAuthErrorAbort",
  "waitOnFirstConnect",
  "debug",
] as const;

function refuseConflicts(options: ConnectOptions): void {
  const given = options as Readonly<Record<string, unknown>>;
  for (const [key, next] of Object.entries(replaced)) {
    if (given[key] === undefined) continue;
    throw fail(
      "CONNECT_OPTIONS_CONFLICT",
      `The option \`${key}\` of nats.js has no place here.`,
      { next },
    );
  }
  for (const key of notKept) {
    if (given[key] === undefined || given[key] === harmless[key]) continue;
    throw fail(
      "CONNECT_OPTIONS_CONFLICT",
      `The option \`${key}\` cannot be set to that: ${reasons[key]}.`,
      { next: "Leave it out." },
    );
  }
}

const harmless: Readonly<Record<(typeof notKept)[number], unknown>> = {
  reconnect: true,
  maxReconnectAttempts: -1,
  ignoreAuthErrorAbort: true,
  waitOnFirstConnect: false,
  debug: false,
};

const reasons: Readonly<Record<(typeof notKept)[number], string>> = {
  reconnect: "this connection always comes back",
  maxReconnectAttempts: "this connection never gives up",
  ignoreAuthErrorAbort:
    "this connection is never closed by an authentication error",
  waitOnFirstConnect:
    "a first connection fails fast, so that bad credentials show",
  debug:
    "nats.js would print the credential; listen to the channel `keyturn:nats`",
};
