import { spawn, type ChildProcess } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { until } from "../wait/until.js";
import { findServerBinary } from "./binary.js";

/** How a server is started; everything not named is as `nats-server` has it. */
export interface NatsServerOptions {
  /** Further top-level settings, as nats-server's configuration names them. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Shown in the server's INFO and in the log of clusters. */
  readonly name?: string;
  /** Largest payload with headers, in bytes. */
  readonly maxPayload?: number;
  /** Switches JetStream on, with its store in the server's temporary folder. */
  readonly jetstream?: boolean;
  /** Debug log lines. Default true: a test that fails wants them. */
  readonly debug?: boolean;
}

/** A real `nats-server` of this test, on loopback and a free port. */
export interface NatsServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly version: string;
  /** Everything the server has logged so far. */
  logText(): string;
  /** Stops it, by force after two seconds, and removes its files. */
  stop(): Promise<void>;
  /** Stops it and starts it again on the same port, with other settings if given. */
  restart(config?: Readonly<Record<string, unknown>>): Promise<void>;
  /** Lets it read changed settings: rewrites its file and sends SIGHUP. */
  reload(config: Readonly<Record<string, unknown>>): Promise<void>;
  /** For example `SIGUSR2`: lame duck mode. */
  kill(signal: NodeJS.Signals): void;
}

const startMs = 10_000;
const logBytes = 4 * 1024 * 1024;

/**
 * Starts a `nats-server` on a free port of 127.0.0.1 and waits until it takes connections.
 *
 * @throws Error with the end of the server's log if it does not start
 */
export async function natsServer(
  options: NatsServerOptions = {},
): Promise<NatsServer> {
  const binary = findServerBinary();
  const folder = mkdtempSync(join(tmpdir(), "keyturn-nats-"));
  const file = join(folder, "server.conf");
  let config = options.config ?? {};
  let port = -1;
  let child: ChildProcess | undefined;
  let log = "";

  const write = (): void => {
    const settings = {
      listen: `127.0.0.1:${port}`,
      debug: options.debug ?? true,
      logtime: false,
      ...(options.name === undefined ? {} : { server_name: options.name }),
      ...(options.maxPayload === undefined
        ? {}
        : { max_payload: options.maxPayload }),
      ...(options.jetstream === true
        ? { jetstream: { store_dir: join(folder, "store") } }
        : {}),
      ports_file_dir: folder,
      ...config,
    };
    // nats-server's configuration is a superset of JSON; without the outer braces.
    writeFileSync(file, JSON.stringify(settings, undefined, 1).slice(1, -1), {
      mode: 0o600,
    });
  };

  const start = async (): Promise<void> => {
    write();
    for (const name of readdirSync(folder))
      if (name.endsWith(".ports")) rmSync(join(folder, name));
    const started = spawn(binary.path, ["-c", file], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    child = started;
    started.stderr.setEncoding("utf8");
    started.stderr.on("data", (text: string) => {
      log = (log + text).slice(-logBytes);
    });
    const ready = await until("nats-server's start", startMs, () => {
      if (started.exitCode !== null) {
        throw new Error(
          `nats-server ended with code ${started.exitCode}:\n${log.slice(-2000)}`,
        );
      }
      const name = readdirSync(folder).find((entry) =>
        entry.endsWith(`${started.pid}.ports`),
      );
      if (name === undefined) return undefined;
      const text = readFileSync(join(folder, name), "utf8");
      return text.endsWith("}")
        ? (JSON.parse(text) as { nats: string[] })
        : undefined;
    });
    port = Number(new URL(ready.nats[0] as string).port);
  };

  const stop = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (
      running === undefined ||
      running.exitCode !== null ||
      running.signalCode !== null
    )
      return;
    const ended = new Promise<void>((resolve) =>
      running.once("exit", () => resolve()),
    );
    running.kill("SIGTERM");
    const force = setTimeout(() => running.kill("SIGKILL"), 2000);
    await ended;
    clearTimeout(force);
  };

  try {
    await start();
  } catch (error) {
    await stop();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }

  const server: NatsServer = {
    get url() {
      return `nats://127.0.0.1:${port}`;
    },
    get port() {
      return port;
    },
    get pid() {
      return child?.pid ?? -1;
    },
    version: binary.version,
    logText: () => log,
    stop: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
    restart: async (changed) => {
      await stop();
      config = changed ?? config;
      await start();
    },
    reload: async (changed) => {
      config = changed;
      write();
      const from = log.length;
      child?.kill("SIGHUP");
      await until("nats-server's reload", 5000, () =>
        /Reloaded server configuration/.test(log.slice(from)),
      );
    },
    kill: (signal) => {
      child?.kill(signal);
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
  return server;
}
