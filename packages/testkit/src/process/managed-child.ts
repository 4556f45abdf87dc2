import {
  spawn,
  type ChildProcess,
  type StdioOptions,
} from "node:child_process";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";

import { BoundedLog } from "./bounded-log.js";

/** What is started, and how. */
export interface ManagedChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Written to standard input, which is then closed. Without it there is no standard input. */
  readonly input?: string;
  /** Where standard output goes. Default: a log of its own. */
  readonly stdout?: BoundedLog;
  /** Where standard error goes. Default: a log of its own. */
  readonly stderr?: BoundedLog;
  /** It starts one more process and writes the id of that one to descriptor 3. Default false. */
  readonly tellsInnerPid?: boolean;
}

/** How a process ended: one of the two is not `null`. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * A child process whose output is kept (bounded), whose end can be awaited, and which does not
 * outlive this process: it is killed when this one exits or is ended by a signal.
 */
export class ManagedChild {
  readonly pid: number;
  readonly stdout: BoundedLog;
  readonly stderr: BoundedLog;
  /** Resolves when the process has ended and nobody holds its output any more. */
  readonly ended: Promise<ChildEnd>;
  readonly #child: ChildProcess;
  #innerPid: number | undefined;
  #over = false;

  private constructor(
    child: ChildProcess,
    pid: number,
    options: ManagedChildOptions,
  ) {
    this.#child = child;
    this.pid = pid;
    this.stdout = options.stdout ?? new BoundedLog();
    this.stderr = options.stderr ?? new BoundedLog();
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8");
      child[name]?.on("data", (chunk: string) => this[name].append(chunk));
    }
    this.ended = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        this.#over = true;
        forget(this);
        resolve({ code, signal });
      });
    });
    remember(this);
  }

  /** @throws Error of the operating system if the command cannot be run, for example `ENOENT` */
  static async start(options: ManagedChildOptions): Promise<ManagedChild> {
    const { command, args, env, cwd, input, tellsInnerPid = false } = options;
    const stdio: StdioOptions = [
      input === undefined ? "ignore" : "pipe",
      "pipe",
      "pipe",
      ...(tellsInnerPid ? (["pipe"] as const) : []),
    ];
    const child = spawn(command, args, {
      stdio,
      ...(env !== undefined && { env }),
      ...(cwd !== undefined && { cwd }),
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    const managed = new ManagedChild(child, child.pid as number, options);
    // A child that ends without having read gives EPIPE; how it ended tells more.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
    if (tellsInnerPid)
      managed.#innerPid = Number(await text(child.stdio[3] as Readable));
    return managed;
  }

  /** Id of the process that this one has started, if it tells; else its own. */
  get innerPid(): number {
    return this.#innerPid ?? this.pid;
  }

  /** Whether the process runs. One that it has started may outlive it, see {@link over}. */
  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Whether {@link ended} has resolved. */
  get over(): boolean {
    return this.#over;
  }

  /** Sends a signal if the process still runs. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends the inner process a signal if it still runs. */
  killInner(signal: NodeJS.Signals): void {
    if (this.#innerPid === undefined) return this.kill(signal);
    // Once nobody holds its output it has ended, and its id may be somebody else's.
    if (this.#over) return;
    try {
      process.kill(this.#innerPid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  /** SIGTERM, then SIGKILL if it still runs after `graceMs`. Default 2000. */
  async stop(graceMs = 2000): Promise<ChildEnd> {
    this.kill("SIGTERM");
    const force = setTimeout(() => this.kill("SIGKILL"), graceMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(force);
    }
  }
}

const alive = new Set<ManagedChild>();
const fatalSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function remember(child: ManagedChild): void {
  if (alive.size === 0) {
    process.on("exit", killAll);
    for (const signal of fatalSignals) process.on(signal, endWith);
  }
  alive.add(child);
}

function forget(child: ManagedChild): void {
  alive.delete(child);
  if (alive.size > 0) return;
  process.off("exit", killAll);
  for (const signal of fatalSignals) process.off(signal, endWith);
}

function killAll(): void {
  for (const child of alive) {
    child.killInner("SIGKILL");
    child.kill("SIGKILL");
  }
}

/** Does what the signal would have done, unless somebody else listens to it too. */
function endWith(signal: NodeJS.Signals): void {
  killAll();
  process.off(signal, endWith);
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
