import type { NatsConnection, Status } from "@nats-io/nats-core";

import { until } from "../wait/until.js";
import { ClientJetStream } from "./client-jetstream.js";
import { ClientSide, type Inbound } from "./client-side.js";
import type { Deliveries } from "./logs.js";
import { Peer } from "./peer.js";
import type { PeerSent } from "./peer-side.js";
import { streamReport, type StreamReport } from "./stream-report.js";
import { Timeline } from "./timeline.js";
import {
  requestReport,
  rotationSpread,
  type FaultReport,
  type TortureReport,
} from "./torture-report.js";
import {
  ackWaitMs,
  defaultRates,
  type PeerPlan,
  type PeerTls,
  type TortureRates,
} from "./traffic.js";

const settleMs = 15_000;
/** What is counted of the status: not pings, which come with time, nor what nats.js does not know. */
const ofNatsJs: ReadonlySet<Status["type"]> = new Set([
  "disconnect",
  "reconnect",
  "reconnecting",
  "forceReconnect",
  "staleConnection",
  "update",
  "ldm",
  "error",
  "slowConsumer",
  "close",
]);

/** What a peer needs to sign in, and how much traffic there is. */
export interface TrafficOptions {
  readonly servers: readonly string[];
  /** Who the peer signs in as. Default: whom the servers take without a credential. */
  readonly user?: { readonly jwt: string; readonly seed: string };
  /** How the peer speaks TLS. Default: it does not. */
  readonly tls?: PeerTls;
  readonly rates?: Partial<TortureRates>;
  /** Whether connections are broken meanwhile, and servers restart. Default false. */
  readonly faults?: boolean;
  /** Copies that JetStream keeps. Default 1. */
  readonly replicas?: number;
}

/** Numbered traffic of all kinds around a connection, and the account of it. */
export class TrafficAround {
  readonly timeline = new Timeline();
  readonly faults: FaultReport[] = [];
  readonly wrongRotations: string[] = [];
  readonly #connection: NatsConnection;
  readonly #client: ClientSide;
  readonly #jetStream: ClientJetStream | undefined;
  readonly #peer: Peer;
  readonly #statuses: string[] = [];
  readonly #redeliveryMs: number;

  private constructor(
    connection: NatsConnection,
    client: ClientSide,
    jetStream: ClientJetStream | undefined,
    peer: Peer,
    faults: boolean,
  ) {
    this.#redeliveryMs = ackWaitMs(faults) + 1000;
    this.#connection = connection;
    this.#client = client;
    this.#jetStream = jetStream;
    this.#peer = peer;
  }

  /** Subscribes the connection to everything, and begins. */
  static async start(
    connection: NatsConnection,
    options: TrafficOptions,
  ): Promise<TrafficAround> {
    const rates = { ...defaultRates, ...options.rates };
    const plan: PeerPlan = {
      servers: options.servers,
      // What crosses to its thread has to be plain data.
      ...(options.user !== undefined && {
        user: { jwt: options.user.jwt, seed: options.user.seed },
      }),
      ...(options.tls !== undefined && { tls: options.tls }),
      id: Math.random().toString(36).slice(2, 8),
      rates,
      faults: options.faults ?? false,
      replicas: options.replicas ?? 1,
    };
    const peer = await Peer.open(plan);
    try {
      const client = new ClientSide(connection, plan.id, rates);
      await client.listen();
      let beside: ClientJetStream | undefined;
      if (rates.jetStream > 0) {
        beside = new ClientJetStream(connection, plan.id);
        await beside.listen();
        beside.publishWith(client.pump, rates.jetStream);
      }
      const traffic = new TrafficAround(
        connection,
        client,
        beside,
        peer,
        plan.faults,
      );
      void traffic.#watch();
      await peer.start();
      client.pump.start();
      return traffic;
    } catch (error) {
      await peer.close();
      throw error;
    }
  }

  /** Whether the connection under test answers the peer within so many milliseconds. */
  async answers(ms: number): Promise<boolean> {
    return this.#peer.probe(ms).then(
      () => true,
      () => false,
    );
  }

  /** Sends no more, waits for all that is under way, and accounts for it. */
  async finish(): Promise<TortureReport> {
    const client = this.#client;
    const beside = this.#jetStream;
    client.pump.stop();
    try {
      const sent = await this.#peer.halt();
      await client.requests.settled();
      await beside?.settled();
      await this.#connection.flush().catch(() => undefined);
      const outward = {
        publish: client.published.times,
        ...(beside !== undefined && {
          "JetStream publish": beside.published.times,
        }),
      };
      const received = await this.#peer.received(outward);
      const isOver =
        (isDurable: boolean) =>
        ({ sender, log }: Inbound): boolean =>
          log.isOver(sent.times[sender] ?? [], isDurable);
      await until(
        "the last messages",
        settleMs,
        () =>
          client.inbound.every(isOver(false)) &&
          (beside?.inbound.every(isOver(true)) ?? true),
      ).catch(() => undefined);
      // What is doubled may still be on its way.
      await this.#connection.flush().catch(() => undefined);
      await beside?.close();
      return this.#report(sent, outward, received);
    } finally {
      await this.#peer.close();
    }
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#connection.status())
      if (ofNatsJs.has(type)) this.#statuses.push(type);
  }

  #report(
    sent: PeerSent,
    outward: Readonly<Record<string, readonly number[]>>,
    received: Readonly<Record<string, Deliveries>>,
  ): TortureReport {
    const { timeline } = this;
    // One that was on its way when a fault struck is due again after the wait for its acknowledgement.
    const outside = (times: readonly number[]): number =>
      times.filter((at) => !timeline.wasDisturbed(at - this.#redeliveryMs, at))
        .length;
    const failures = (all: readonly { from: number; to: number }[]): number =>
      all.filter(({ from, to }) => !timeline.wasDisturbed(from, to)).length;
    const inward = (
      { name, sender, log }: Inbound,
      isDurable: boolean,
    ): StreamReport =>
      streamReport(name, sent.times[sender] ?? [], log, timeline, isDurable);
    const out = (name: string, isDurable: boolean): StreamReport =>
      streamReport(
        name,
        outward[name] ?? [],
        received[name] ?? { numbers: [], times: [] },
        timeline,
        isDurable,
      );
    const client = this.#client;
    const beside = this.#jetStream;
    return {
      rotations: timeline.rotations.length,
      rotationMs: rotationSpread(timeline),
      streams: [
        ...client.inbound.map((one) => inward(one, false)),
        out("publish", false),
      ],
      jetStream:
        beside === undefined
          ? []
          : [
              ...beside.inbound.map((one) => inward(one, true)),
              out("JetStream publish", true),
            ],
      served: requestReport(sent.requests.sent, sent.requests.failed, timeline),
      made: requestReport(
        client.requests.sent,
        client.requests.failed,
        timeline,
      ),
      redelivered: outside(beside?.redelivered ?? []),
      unacknowledged: failures(beside?.failed ?? []),
      refusedPublishes: failures(client.failed),
      wrongRotations: this.wrongRotations,
      faults: this.faults,
      statuses: [...this.#statuses],
    };
  }
}
