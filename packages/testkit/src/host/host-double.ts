import { jwtAuthenticator, type NatsConnection } from "@nats-io/nats-core";
import { connect, type NodeConnectionOptions } from "@nats-io/transport-node";

import { BoundedLog } from "../process/bounded-log.js";
import type { ChildEnd, ManagedChild } from "../process/managed-child.js";
import { controlSubjects, type ControlSubjects } from "./control-subjects.js";
import { askHealth, awaitHealth, type HealthAnswer } from "./health.js";
import {
  buildHostData,
  hostDataLine,
  type HostDataOptions,
} from "./host-data.js";
import { makeHostKeys, type HostKeys } from "./host-keys.js";
import {
  deletedLink,
  linkDefinition,
  linkKey,
  type LinkOptions,
} from "./link.js";
import {
  endProviderProcess,
  startProviderProcess,
} from "./provider-process.js";
import { seal } from "./secrets.js";

/** What a host double is told. */
export interface HostDoubleOptions extends HostDataOptions {
  /**
   * Program and arguments, for example `[process.execPath, "dist/main.js"]`. Without it no process
   * is started: the double is the host of a provider in this process, see `hostData()`.
   */
  readonly provider?: readonly [string, ...string[]];
  /** Variables of the host's environment. Only `RUST_LOG` and `OTEL_*` reach the provider. */
  readonly env?: Readonly<Record<string, string>>;
  /** What stands on standard input instead of HostData: for providers that are told nonsense. */
  readonly input?: string;
  /** Puts a process above the provider that `killHost` can kill. Default false. */
  readonly killableHost?: boolean;
  /** Options of the host's own lattice connection, for a server with TLS. */
  readonly connection?: NodeConnectionOptions;
}

/** How a provider was stopped. */
export interface ShutdownReport {
  /** Whether it answered before the delay was over. */
  readonly replied: boolean;
  /** From the request to the answer, or to the end of the delay. */
  readonly ms: number;
  /** How the process ended; undefined if the provider is in this process. */
  readonly end: ChildEnd | undefined;
}

/**
 * The part of a wasmCloud 1.9 host that a provider sees: it starts the provider with a cleared
 * environment and one line of HostData on standard input, seals link secrets for it, puts and
 * deletes links, asks for its health, updates its config, and shuts it down, over the lattice's
 * subjects and with the host's deadlines. Unlike a host it asks for health only when told, and it
 * does not start an ended provider again by itself.
 */
export class HostDouble implements AsyncDisposable {
  readonly keys: HostKeys;
  readonly subjects: ControlSubjects;
  /** The host's connection to the lattice. */
  readonly connection: NatsConnection;
  /** What the provider has printed, through all restarts; should stay empty. */
  readonly stdout = new BoundedLog();
  /** What the provider has logged, through all restarts. */
  readonly stderr = new BoundedLog();
  readonly #options: HostDoubleOptions;
  readonly #links = new Map<string, LinkOptions>();
  #config: Readonly<Record<string, string>>;
  #child: ManagedChild | undefined;

  private constructor(options: HostDoubleOptions, connection: NatsConnection) {
    this.#options = options;
    this.connection = connection;
    this.keys = makeHostKeys();
    this.subjects = controlSubjects(
      options.latticeName ?? "default",
      options.providerId ?? "provider",
      this.keys.provider.getPublicKey(),
    );
    this.#config = options.config ?? {};
    for (const link of options.links ?? [])
      this.#links.set(linkKey(link), link);
  }

  /**
   * Connects to the lattice and starts the provider. As a host does, it waits for nothing but the
   * process: {@link waitHealthy} waits for the provider.
   */
  static async start(options: HostDoubleOptions): Promise<HostDouble> {
    const connection = await connect({
      ...options.connection,
      servers: options.lattice.url,
      name: "host-double",
      ...(options.credential !== undefined && {
        authenticator: jwtAuthenticator(
          options.credential.jwt,
          new TextEncoder().encode(options.credential.seed),
        ),
      }),
    });
    const host = new HostDouble(options, connection);
    try {
      await host.#spawn();
    } catch (error) {
      await connection.close();
      throw error;
    }
    return host;
  }

  /** HostData of now, with a new instance id: what a process started now would get. */
  hostData(): Record<string, unknown> {
    const links = [...this.#links.values()];
    return buildHostData(
      { ...this.#options, config: this.#config, links },
      this.keys,
    );
  }

  /** {@link hostData} as the bytes of its JSON, for a provider in this process. */
  hostDataBytes(): Uint8Array {
    return new TextEncoder().encode(JSON.stringify(this.hostData()));
  }

  /** Process id of the provider. */
  get pid(): number {
    return this.#started().innerPid;
  }

  /** Whether the provider's process runs. */
  get running(): boolean {
    return this.#child !== undefined && !this.#child.over;
  }

  /** Resolves when the provider's process has ended. With `killableHost`: how the host's ended. */
  get ended(): Promise<ChildEnd> {
    return this.#started().ended;
  }

  /**
   * Waits for a line on the provider's standard error, old or new.
   *
   * @param ms at most so long. Default 5000
   */
  waitForLog(pattern: RegExp, ms?: number): Promise<RegExpExecArray> {
    return this.stderr.waitFor(pattern, ms);
  }

  /**
   * Seals a text as link secrets. Sealed for another key, or something that is not JSON, it is a
   * link that a provider must refuse.
   *
   * @param recipient public curve key. Default: the provider's
   */
  seal(plaintext: string, recipient?: string): Uint8Array {
    return seal(this.keys, plaintext, recipient);
  }

  /** Puts a link, and remembers it for a restart. A secret-free one goes to the old subjects too. */
  async putLink(link: LinkOptions): Promise<void> {
    this.#links.set(linkKey(link), link);
    const definition = linkDefinition(link, this.keys);
    const text = JSON.stringify(definition);
    this.connection.publish(this.subjects.linkPut, text);
    const secrets = definition.source_secrets ?? definition.target_secrets;
    if (secrets === null)
      for (const id of [link.source, link.target])
        this.connection.publish(this.subjects.oldLinkPut(id), text);
    await this.connection.flush();
  }

  /** Deletes a link. It is told twice: once to its source, once to its target. */
  async deleteLink(link: LinkOptions): Promise<void> {
    this.#links.delete(linkKey(link));
    const text = JSON.stringify(deletedLink(link));
    for (const id of [link.source, link.target])
      this.connection.publish(this.subjects.linkDelete(id), text);
    await this.connection.flush();
  }

  /** Tells the provider its whole config, and remembers it for a restart. */
  async updateConfig(config: Readonly<Record<string, string>>): Promise<void> {
    this.#config = config;
    this.connection.publish(this.subjects.configUpdate, JSON.stringify(config));
    await this.connection.flush();
  }

  /**
   * Asks for health as a host does.
   *
   * @throws Error if there is no answer within the host's RPC timeout, or not a valid one
   */
  health(): Promise<HealthAnswer> {
    const { rpcTimeoutMs = 2000 } = this.#options;
    return askHealth(this.connection, this.subjects.health, rpcTimeoutMs);
  }

  /** Asks until the provider is healthy. @param ms at most so long. Default 10000 */
  async waitHealthy(ms = 10_000): Promise<void> {
    await this.#awaitHealth("health", ms, ({ healthy }) => healthy);
  }

  /**
   * Asks until the provider is unhealthy with a message like `pattern`, and gives the message.
   *
   * @param ms at most so long. Default 10000
   */
  async waitUnhealthy(pattern: RegExp, ms = 10_000): Promise<string> {
    const { message = "" } = await this.#awaitHealth(
      `ill health like ${String(pattern)}`,
      ms,
      ({ healthy, message: why = "" }) => !healthy && pattern.test(why),
    );
    return message;
  }

  /**
   * Stops the provider as a host does: a request, and SIGKILL on its answer or after the delay.
   *
   * @param delayMs the host's `--provider-shutdown-delay-ms`. Default 300
   */
  async shutdown({ delayMs = 300 } = {}): Promise<ShutdownReport> {
    const started = performance.now();
    const request = JSON.stringify({ host_id: this.keys.hostId });
    const replied = await this.connection
      .request(this.subjects.shutdown, request, { timeout: delayMs })
      .then(
        () => true,
        () => false,
      );
    const ms = performance.now() - started;
    return { replied, ms, end: await this.#end() };
  }

  /** Ends the provider's process by force, and starts it again with what is known now. */
  async restart(): Promise<void> {
    await this.#end();
    await this.#spawn();
  }

  /** Sends the provider's process a signal. */
  kill(signal: NodeJS.Signals): void {
    this.#started().killInner(signal);
  }

  /** Kills the host, as the kernel does when memory is short: the provider is an orphan. */
  killHost(): void {
    if (this.#options.killableHost !== true)
      throw new Error(
        "This host cannot be killed. Start it with `killableHost: true`.",
      );
    this.#started().kill("SIGKILL");
  }

  /** Ends the provider's process by force, and the connection. */
  async close(): Promise<void> {
    await this.#end();
    await this.connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #started(): ManagedChild {
    if (this.#child === undefined)
      throw new Error(
        "This host has no process. Start it with `provider: [program, …]`.",
      );
    return this.#child;
  }

  async #spawn(): Promise<void> {
    const { provider, input, env = {}, killableHost = false } = this.#options;
    if (provider === undefined) return;
    this.#child = await startProviderProcess({
      command: provider,
      env,
      input: input ?? hostDataLine(this.hostData()),
      killableHost,
      stdout: this.stdout,
      stderr: this.stderr,
    });
    // A host tells the config once more when it has started a provider, mostly to nobody.
    await this.updateConfig(this.#config);
  }

  async #end(): Promise<ChildEnd | undefined> {
    return this.#child && endProviderProcess(this.#child);
  }

  async #awaitHealth(
    what: string,
    ms: number,
    wanted: (answer: HealthAnswer) => boolean,
  ): Promise<HealthAnswer> {
    try {
      return await awaitHealth(
        () => this.health(),
        wanted,
        ms,
        () => this.#child?.over !== true,
      );
    } catch (error) {
      throw new Error(
        `No ${what}: ${(error as Error).message}. The provider's log ends with:\n${this.stderr.text().slice(-3000)}`,
      );
    }
  }
}
