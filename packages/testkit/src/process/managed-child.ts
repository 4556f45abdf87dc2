import {
  spawn,
  type ChildProcess,
  type ChildProcessByStdio,
} from "node:child_process";
import type { Readable } from "node:stream";

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
  /** Where standard error goes. Default: a log of its own. */
  readonly stderr?: BoundedLog;
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
  readonly stdout = new BoundedLog();
  readonly stderr: BoundedLog;
  /** Resolves when the process has ended and all its output has been read. */
  readonly ended: Promise<ChildEnd>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, pid: number, stderr?: BoundedLog) {
    this.#child = child;
    this.pid = pid;
    this.stderr = stderr ?? new BoundedLog();
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8");
      child[name]?.on("data", (text: string) => this[name].append(text));
    }
    this.ended = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        forget(child);
        resolve({ code, signal });
      });
    });
    remember(child);
  }

  /** @throws Error of the operating system if the command cannot be run, for example `ENOENT` */
  static async start(options: ManagedChildOptions): Promise<ManagedChild> {
    const child = spawn(options.command, options.args, {
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    }) as ChildProcessByStdio<null, Readable, Readable>;
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    const managed = new ManagedChild(
      child,
      child.pid as number,
      options.stderr,
    );
    managed.#write(options.input);
    return managed;
  }

  #write(input: string | undefined): void {
    if (input === undefined) return;
    // A child that ends without having read gives EPIPE; how it ended tells more.
    this.#child.stdin?.on("error", () => undefined);
    this.#child.stdin?.end(input);
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Whether the signal could be sent. */
  kill(signal: NodeJS.Signals): boolean {
    return this.#child.kill(signal);
  }

  /** SIGTERM, then SIGKILL if it still runs after `graceMs`. Default 2000. */
  async stop(graceMs = 2000): Promise<ChildEnd> {
    if (this.running) this.kill("SIGTERM");
    const force = setTimeout(() => this.kill("SIGKILL"), graceMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(force);
    }
  }
}

const running = new Set<ChildProcess>();
const fatalSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function remember(child: ChildProcess): void {
  if (running.size === 0) {
    process.on("exit", killAll);
    for (const signal of fatalSignals) process.on(signal, endWith);
  }
  running.add(child);
}

function forget(child: ChildProcess): void {
  running.delete(child);
  if (running.size > 0) return;
  process.off("exit", killAll);
  for (const signal of fatalSignals) process.off(signal, endWith);
}

function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Does what the signal would have done, unless somebody else listens to it too. */
function endWith(signal: NodeJS.Signals): void {
  killAll();
  process.off(signal, endWith);
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
