import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { BoundedLog } from "../process/bounded-log.js";
import { ManagedChild } from "../process/managed-child.js";
import { until } from "../wait/until.js";
import { findServerBinary } from "./binary.js";
import { getJson } from "./get-json.js";
import {
  serverSettings,
  tlsFiles,
  type NatsServerOptions,
  type ServerPorts,
  type ServerSettings,
} from "./settings.js";

/** A real `nats-server` of this test, on loopback and a free port. */
export interface NatsServer extends AsyncDisposable {
  /** `nats://127.0.0.1:<port>`, with TLS too. The port outlives a restart. */
  readonly url: string;
  readonly port: number;
  /** `ws://127.0.0.1:<port>`, or `wss://…` with TLS; undefined if it takes no WebSockets. */
  readonly webSocketUrl: string | undefined;
  /** Process id; -1 while it does not run. */
  readonly pid: number;
  /** Whether the process runs. */
  readonly running: boolean;
  /** For example `2.9.10`. */
  readonly version: string;
  /** Where other members of a cluster find it; undefined outside a cluster. */
  readonly clusterUrl: string | undefined;
  /** What the server has logged, through all restarts; the last 4 Mi characters. */
  logText(): string;
  /**
   * Waits for a line of the log, old or new.
   *
   * @param ms at most so long. Default 5000
   */
  waitForLog(pattern: RegExp, ms?: number): Promise<RegExpExecArray>;
  /** A page of the server's HTTP monitoring, for example `connz?subs=1`, as parsed JSON. */
  monitor<T = Record<string, unknown>>(page: string): Promise<T>;
  /** Stops it, by force after two seconds, and removes its files. Idempotent. */
  stop(): Promise<void>;
  /** Stops it if it runs and starts it again on the same ports, with other settings if given. */
  restart(config?: ServerSettings): Promise<void>;
  /**
   * Lets it read changed settings: rewrites its file and sends SIGHUP.
   *
   * @throws Error with the server's reason if it refuses them
   */
  reload(config?: ServerSettings): Promise<void>;
  /** Sends a signal. `SIGUSR2` is lame duck mode, `SIGSTOP` a server that hangs. */
  kill(signal: NodeJS.Signals): void;
}

const startMs = 15_000;

/**
 * Starts a `nats-server` on a free port of 127.0.0.1 and waits until it takes connections. Its
 * working folder is a temporary one that {@link NatsServer.stop} removes.
 *
 * @throws Error with the end of the server's log if it does not start
 */
export async function natsServer(
  options: NatsServerOptions = {},
): Promise<NatsServer> {
  const server = new ServerProcess(options);
  await server.start();
  return server;
}

class ServerProcess implements NatsServer {
  readonly version: string;
  readonly #binary: string;
  readonly #options: NatsServerOptions;
  #folder: string | undefined;
  #config: ServerSettings;
  #ports: ServerPorts = {
    client: -1,
    monitor: -1,
    cluster: -1,
    webSocket: -1,
  };
  /** Ports in the file it was started with: a reload must not name others, not even the real ones. */
  #configured: ServerPorts = this.#ports;
  #child: ManagedChild | undefined;
  readonly #log = new BoundedLog();

  constructor(options: NatsServerOptions) {
    const binary = findServerBinary();
    this.#binary = binary.path;
    this.version = binary.version;
    this.#options = options;
    this.#config = options.config ?? {};
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return this.#ports.client;
  }

  get webSocketUrl(): string | undefined {
    const { webSocket, tls } = this.#options;
    if (webSocket === undefined) return undefined;
    const scheme = tls === undefined ? "ws" : "wss";
    return `${scheme}://127.0.0.1:${this.#ports.webSocket}`;
  }

  get pid(): number {
    return this.running ? (this.#child?.pid ?? -1) : -1;
  }

  get running(): boolean {
    return this.#child?.running ?? false;
  }

  get clusterUrl(): string | undefined {
    return this.#options.cluster === undefined
      ? undefined
      : `nats://127.0.0.1:${this.#ports.cluster}`;
  }

  logText(): string {
    return this.#log.text();
  }

  waitForLog(pattern: RegExp, ms?: number): Promise<RegExpExecArray> {
    return this.#log.waitFor(pattern, ms);
  }

  async monitor<T>(page: string): Promise<T> {
    return (await getJson(
      `http://127.0.0.1:${this.#ports.monitor}/${page}`,
    )) as T;
  }

  async start(): Promise<void> {
    const folder = (this.#folder ??= await mkdtemp(
      join(tmpdir(), "keyturn-nats-"),
    ));
    try {
      for (const [name, text] of tlsFiles(this.#options.tls))
        await writeFile(join(folder, name), text, { mode: 0o600 });
      this.#configured = this.#ports;
      const file = await this.#writeConfig();
      this.#child = await ManagedChild.start({
        command: this.#binary,
        args: ["-c", file],
        cwd: folder,
        stderr: this.#log,
      });
      this.#ports = await this.#awaitPorts(this.#child, folder);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#child?.stop();
    if (this.#folder === undefined) return;
    await rm(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }

  async restart(config?: ServerSettings): Promise<void> {
    await this.#child?.stop();
    this.#config = config ?? this.#config;
    await this.start();
  }

  async reload(config?: ServerSettings): Promise<void> {
    this.#config = config ?? this.#config;
    await this.#writeConfig();
    const from = this.#log.length;
    this.kill("SIGHUP");
    const [, reason] = await this.#log.waitFor(
      /Reloaded server configuration|(Failed to reload.*)/,
      5000,
      from,
    );
    if (reason !== undefined) throw new Error(`nats-server: ${reason}`);
  }

  kill(signal: NodeJS.Signals): void {
    this.#started().kill(signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #started(): ManagedChild {
    if (this.#child === undefined || this.#folder === undefined)
      throw new Error("This nats-server has been stopped. Start another one.");
    return this.#child;
  }

  async #writeConfig(): Promise<string> {
    if (this.#folder === undefined)
      throw new Error("This nats-server has been stopped. Start another one.");
    const file = join(this.#folder, "server.conf");
    const settings = serverSettings(
      this.#options,
      this.#configured,
      this.#config,
    );
    // nats-server's configuration is a superset of JSON; without the outer braces.
    const text = JSON.stringify(settings, undefined, 1).slice(1, -1);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  }

  /** The server writes the ports it got to a file when it listens on all of them. */
  #awaitPorts(child: ManagedChild, folder: string): Promise<ServerPorts> {
    return until("nats-server's start", startMs, async () => {
      if (!child.running) {
        const { code, signal } = await child.ended;
        throw new Error(
          `nats-server ended with ${signal ?? `code ${code}`}:\n${this.#log.text().slice(-2000)}`,
        );
      }
      const names = await readdir(folder);
      const name = names.find((entry) => entry.endsWith(`_${child.pid}.ports`));
      if (name === undefined) return undefined;
      const text = await readFile(join(folder, name), "utf8");
      if (!text.trimEnd().endsWith("}")) return undefined;
      const urls = JSON.parse(text) as Record<string, string[] | undefined>;
      return {
        client: portOf(urls["nats"]),
        monitor: portOf(urls["monitoring"]),
        cluster: portOf(urls["cluster"]),
        webSocket: portOf(urls["websocket"]),
      };
    });
  }
}

function portOf(urls: string[] | undefined): number {
  return urls?.[0] === undefined ? -1 : Number(new URL(urls[0]).port);
}
