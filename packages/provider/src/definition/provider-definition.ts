import type { NatsConnection } from "@nats-io/nats-core";

import type { Secret } from "@keyturn/nats";
import type {
  Client,
  ClientDeadlines,
  ClientLimits,
  Funcs,
  Interface,
} from "@keyturn/wrpc";

import type { Health } from "../health/compose-health.js";
import type { LogSettings } from "../host-data/host-data.js";
import type { LinkHandler } from "../links/link-slot.js";
import type { Settings } from "../settings/settings.js";
import type { ProviderExport } from "./provider-export.js";

/** A capability provider, as its author writes it. */
export interface ProviderDefinition {
  /** Name of the lattice connection, as NATS shows it, and of the program in its messages. */
  readonly name: string;
  /**
   * Keys of config (of the provider and of links) that may hold a secret, in any letter case.
   * Their values are read into a `Secret` and land in `exposed` instead of `config`; they are
   * never a JavaScript string.
   */
  readonly sensitiveConfigKeys?: readonly string[];
  /**
   * How long running work may take to end on a shutdown, in milliseconds, all cleanup included.
   * A host kills the process 300 ms after its request unless it was started with another
   * `--provider-shutdown-delay-ms`. Default 200.
   */
  readonly shutdownBudgetMs?: number;
  /**
   * Makes the provider. The lattice connection is up and control messages are being taken, but
   * no link is made and nothing is served until it settles: do slow things elsewhere.
   */
  create(
    context: ProviderContext,
  ): ProviderInstance | Promise<ProviderInstance>;
}

/** What a provider learns from its host, and what it may use. */
export interface ProviderContext extends Settings {
  /** Public key of the host, `N…`. */
  readonly hostId: string;
  /** This provider's id in the lattice. */
  readonly providerId: string;
  readonly lattice: string;
  /** Secrets of the provider itself. Wiped when it has stopped. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** The lattice connection. The SDK closes it. */
  readonly connection: NatsConnection;
  /**
   * The host's RPC timeout in milliseconds, 2,000 unless configured. Not applied to calls: a
   * busy component accepts a call late, which is no error.
   */
  readonly rpcTimeoutMs: number;
  readonly log: LogSettings;
  /** Aborted when the provider begins to stop: take no new work in. */
  readonly stopping: AbortSignal;
  /**
   * A client of an interface that a component exports. It sends `source-id` and `target-id`;
   * trace context is passed on by giving `traceparent` and `tracestate` with a call.
   */
  client<F extends Funcs>(
    componentId: string,
    iface: Interface<F>,
    options?: {
      readonly limits?: ClientLimits;
      readonly deadlines?: ClientDeadlines;
    },
  ): Client<F>;
}

/**
 * A provider at work.
 *
 * Links: operations on one link come one after another, operations on different links at the same
 * time. A put that rejects is tried again with growing pauses until it works, or the link is
 * changed or deleted, and shows in health until then. The signal is aborted when a newer put, a
 * delete or the end of the provider makes the running one pointless. Without `changeLink` a
 * changed link is deleted and put. On shutdown there is no `deleteLink`, only `close`.
 */
export interface ProviderInstance extends LinkHandler {
  /** What it exports. Read once, after `create`. */
  readonly exports: readonly ProviderExport[];
  /**
   * The provider's config changed; `settings` is the whole of it. The secrets of the settings
   * before are wiped when this settles. If it rejects, the settings before stay in force, and
   * health says so. When it resolves, every link is changed to itself (`changeLink`, or deleted and
   * put without it), and those that failed are tried at once. Without this method a change takes
   * effect at the next start.
   */
  updateConfig?(settings: Settings): Promise<void>;
  /** How it is, beside its links. Must answer at once. */
  health?(): Health;
  /**
   * Ends everything: running work within `budgetMs`, connections, timers. Links were not deleted
   * before. What takes longer is cut off.
   */
  close(budgetMs: number): Promise<void>;
}
