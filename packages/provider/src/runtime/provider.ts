import type { NatsConnection } from "@nats-io/nats-core";

import { errorChain, type KeyturnError } from "@keyturn/nats";
import type { JsonValue } from "@keyturn/nats/json";
import type { Served } from "@keyturn/wrpc";

import { ConfigState } from "../config/config-state.js";
import { ControlPlane, type ControlHandler } from "../control/control-plane.js";
import type {
  ProviderDefinition,
  ProviderInstance,
} from "../definition/provider-definition.js";
import { serveExport } from "../definition/provider-export.js";
import { errorCode } from "../errors/error-code.js";
import { fail } from "../errors/provider-errors.js";
import { publish } from "../events/provider-events.js";
import { composeHealth, type Health } from "../health/compose-health.js";
import type { HostData } from "../host-data/host-data.js";
import { connectLattice } from "../lattice/connect-lattice.js";
import { watchLattice } from "../lattice/watch-lattice.js";
import { LinkIntake } from "../links/link-intake.js";
import { LinkTable } from "../links/link-table.js";
import { takeMissedLinks } from "../links/missed-links.js";
import { sealKeys, type SealKeys } from "../seal/seal-keys.js";
import { wipeSecrets, type Settings } from "../settings/settings.js";
import { Budget } from "./budget.js";
import { providerContext } from "./provider-context.js";
import type {
  ProviderCounters,
  RunningProvider,
  StopReason,
} from "./running-provider.js";

/** How long the links of HostData may keep exports from being served, in milliseconds. */
const firstLinksMs = 2_000;
const defaultShutdownBudgetMs = 200;
/** What is kept of the budget for the provider's own `close` while calls and links end. */
const closeShare = 0.25;

/** One provider from HostData to its end. */
export class Provider implements RunningProvider, ControlHandler {
  readonly #definition: ProviderDefinition;
  readonly #hostData: HostData;
  readonly #hostless: boolean;
  readonly #seals: SealKeys;
  readonly #table = new LinkTable();
  readonly #intake: LinkIntake;
  readonly #config: ConfigState;
  readonly #control: ControlPlane;
  readonly #stopping = new AbortController();
  readonly #replies: (() => void)[] = [];
  #connection: NatsConnection | undefined;
  #instance: ProviderInstance | undefined;
  #served: Served[] = [];
  #serving = false;
  #failure: KeyturnError | undefined;
  #end: Promise<void> | undefined;
  #settle: (reason: StopReason) => void = () => {};
  readonly stopped: Promise<StopReason>;

  /**
   * @param hostless whether no host has started it: then its links are those of `hostData` alone
   * @throws KeyturnError `PROVIDER_XKEY_INVALID`
   */
  constructor(
    definition: ProviderDefinition,
    hostData: HostData,
    hostless = false,
  ) {
    this.#hostless = hostless;
    this.#definition = definition;
    this.#hostData = hostData;
    this.#seals = sealKeys(hostData.xkeySeed, hostData.hostXkey);
    this.#intake = new LinkIntake(
      hostData.providerId,
      this.#seals,
      this.#table,
    );
    this.#config = new ConfigState(hostData.settings);
    this.#control = new ControlPlane(
      { ...hostData, xkey: this.xkey },
      definition.sensitiveConfigKeys ?? [],
      this,
    );
    this.stopped = new Promise((resolve) => (this.#settle = resolve));
  }

  get hostId(): string {
    return this.#hostData.hostId;
  }

  get providerId(): string {
    return this.#hostData.providerId;
  }

  get lattice(): string {
    return this.#hostData.lattice;
  }

  get xkey(): string | undefined {
    return this.#seals.publicKey;
  }

  /** Why it stopped, if nobody wanted it to. */
  get failure(): KeyturnError | undefined {
    return this.#failure;
  }

  get linkCount(): number {
    return this.#table.size;
  }

  /**
   * Connects, takes control messages, creates the provider, tries its links, and serves its
   * exports, in this order. Ends what it began if it fails.
   *
   * @throws KeyturnError `PROVIDER_LATTICE_UNREACHABLE`, `PROVIDER_CREATE_FAILED`,
   *   `PROVIDER_STOPPED`
   */
  async start(): Promise<void> {
    const begin = performance.now();
    try {
      await this.#start();
    } catch (error) {
      await this.#stop("start-failed");
      throw error;
    }
    this.#serving = true;
    publish({
      type: "provider-started",
      level: "info",
      message: `Provider ${this.providerId} serves lattice ${this.lattice} with ${this.linkCount} links.`,
      providerId: this.providerId,
      hostId: this.hostId,
      lattice: this.lattice,
      links: this.linkCount,
      ms: Math.round(performance.now() - begin),
    });
  }

  async #start(): Promise<void> {
    const connection = await connectLattice(
      this.#hostData,
      this.#definition.name,
    );
    this.#connection = connection;
    void watchLattice(connection);
    void connection.closed().then((cause) => this.#onClosed(cause));

    // Before the subscriptions, as what comes on those is newer.
    for (const definition of this.#hostData.linkDefinitions)
      this.#putFromHostData(definition);
    // Before anything that takes time: what the host sends until then is lost.
    await this.#control.open(connection);
    this.#checkGoing();
    if (!this.#hostless) void this.#takeMissedLinks(connection);

    const instance = await this.#create(connection);
    // Stopped meanwhile: whoever stopped it did not know of the instance.
    if (this.#stopping.signal.aborted) await instance.close(0);
    this.#checkGoing();
    this.#instance = instance;
    this.#config.begin(
      instance.updateConfig === undefined
        ? undefined
        : async (settings) => {
            await instance.updateConfig?.(settings);
            this.#table.reapply();
          },
    );
    this.#table.begin(instance);
    // Calls should find their link, but one slow link must not keep all calls out.
    await new Budget(firstLinksMs).wait(this.#table.tried());
    this.#checkGoing();

    const prefix = `${this.lattice}.${this.providerId}`;
    for (const provided of instance.exports)
      this.#served.push(await serveExport(connection, prefix, provided));
    this.#checkGoing();
  }

  #takeMissedLinks(connection: NatsConnection): Promise<void> {
    const { lattice, providerId } = this;
    const { sensitiveConfigKeys = [] } = this.#definition;
    const { signal } = this.#stopping;
    return takeMissedLinks(
      { connection, lattice, providerId, sensitiveConfigKeys, signal },
      this.#intake,
    );
  }

  #onClosed(cause: unknown): void {
    if (this.#end !== undefined) return;
    this.#failure = fail(
      "PROVIDER_LATTICE_LOST",
      "The lattice connection closed for good.",
      { cause },
    );
    void this.#stop("lattice-lost");
  }

  #checkGoing(): void {
    if (this.#stopping.signal.aborted)
      throw fail(
        "PROVIDER_STOPPED",
        "The provider was told to stop while it started.",
      );
  }

  #putFromHostData(definition: JsonValue): void {
    try {
      this.#intake.put(definition);
    } catch (error) {
      publish({
        type: "control-message-ignored",
        level: "warn",
        message: errorChain(error),
        error,
        ...errorCode(error),
        subject: "HostData",
        suppressed: 0,
      });
    }
  }

  async #create(connection: NatsConnection): Promise<ProviderInstance> {
    try {
      return await this.#definition.create(
        providerContext(this.#hostData, connection, this.#stopping.signal),
      );
    } catch (cause) {
      throw fail(
        "PROVIDER_CREATE_FAILED",
        `The provider could not be created: ${errorChain(cause)}`,
        { cause },
      );
    }
  }

  putLink(definition: JsonValue): void {
    this.#intake.put(definition);
  }

  deleteLink(definition: JsonValue): void {
    this.#intake.delete(definition);
  }

  updateConfig(settings: Settings): void {
    this.#config.update(settings);
  }

  health(): Health {
    return composeHealth({
      phase: this.#phase(),
      control: this.#control.problem,
      links: this.#table.problems(),
      config: this.#config.problem,
      instance: this.#instanceHealth(),
    });
  }

  #phase(): string | undefined {
    if (this.#stopping.signal.aborted) return "The provider is stopping.";
    return this.#serving ? undefined : "The provider is starting.";
  }

  #instanceHealth(): Health | undefined {
    try {
      return this.#instance?.health?.();
    } catch (error) {
      return { healthy: false, message: errorChain(error) };
    }
  }

  counters(): ProviderCounters {
    return { links: this.#table.counters, control: this.#control.counters };
  }

  shutdown(reply: () => void): void {
    this.#replies.push(reply);
    void this.#stop("shutdown");
  }

  async stop(reason: StopReason = "stop"): Promise<void> {
    await this.#stop(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #stop(reason: StopReason): Promise<void> {
    this.#end ??= this.#finish(reason);
    return this.#end;
  }

  async #finish(reason: StopReason): Promise<void> {
    const begin = performance.now();
    const budget = new Budget(
      this.#definition.shutdownBudgetMs ?? defaultShutdownBudgetMs,
    );
    publish({
      type: "provider-stopping",
      level: "info",
      message: `Provider ${this.providerId} stops (${reason}).`,
      reason,
    });
    this.#stopping.abort();
    const unfinished = await this.#quiesce(budget);
    await budget.wait(this.#closeInstance(budget));
    this.#wipe();
    await this.#leaveLattice(budget);
    publish({
      type: "provider-stopped",
      level: unfinished > 0 ? "warn" : "info",
      message: `Provider ${this.providerId} has stopped (${reason}); calls cut off: ${unfinished}.`,
      reason,
      unfinished,
      ms: Math.round(performance.now() - begin),
    });
    this.#settle(reason);
  }

  /** Lets calls and link operations end, and leaves some of the budget; returns calls cut off. */
  async #quiesce(budget: Budget): Promise<number> {
    const share = new Budget(budget.leftMs * (1 - closeShare));
    const [drained] = await Promise.all([
      Promise.all(this.#served.map((served) => served.drain(share.leftMs))),
      share.wait(this.#table.close()),
    ]);
    return drained.reduce((sum, { unfinished }) => sum + unfinished, 0);
  }

  async #closeInstance(budget: Budget): Promise<void> {
    try {
      await this.#instance?.close(budget.leftMs);
    } catch (error) {
      publish({
        type: "provider-close-failed",
        level: "warn",
        message: `Provider ${this.providerId} closed with an error: ${errorChain(error)}`,
        error,
        ...errorCode(error),
      });
    }
  }

  #wipe(): void {
    this.#table.wipe();
    this.#config.wipe();
    wipeSecrets(this.#hostData.secrets);
    this.#seals.wipe();
  }

  /** The host may kill the process as soon as it has the reply, so that comes last. */
  async #leaveLattice(budget: Budget): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined || connection.isClosed()) return;
    for (const reply of this.#replies) reply();
    this.#control.close();
    await budget.wait(connection.flush());
    await budget.wait(connection.close());
  }
}
