import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Quantiles in ms. */
export interface Quantiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** What the driver prints, see `bench/driver/main.go`. */
export interface DriverResult {
  readonly messages: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly cpuSeconds: number;
  readonly lost: number;
  readonly unfinished: number;
  readonly errors: number;
  readonly firstError?: string;
  readonly latencyMs?: Quantiles;
  readonly sendLagMs?: Quantiles;
  readonly lastAt?: number;
}

export type DriverFlags = Readonly<Record<string, string | number>>;

/** A driver that has been started, and says when it is ready. */
export interface RunningDriver {
  readonly ready: Promise<void>;
  readonly result: Promise<DriverResult>;
  /** Tells a mode without a count to come to its end. */
  end(): void;
}

/** Starts the driver in one of its modes. */
export function startDriver(
  program: string,
  mode: string,
  flags: DriverFlags,
): RunningDriver {
  const args = Object.entries(flags).flatMap(([name, value]) => [
    `-${name}`,
    String(value),
  ]);
  const child = spawn(program, [mode, ...args]);
  let said = "";
  let json = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const lines = createInterface(child.stdout);
  lines.on("line", (line) => {
    if (line !== "READY") json += line;
  });
  const result = once(child, "close").then(([code]) => {
    if (code !== 0) throw new Error(`The driver failed in ${mode}: ${said}`);
    return JSON.parse(json) as DriverResult;
  });
  // Modes that say READY say it first.
  const ready = Promise.race([once(lines, "line"), result]).then(
    () => undefined,
  );
  ready.catch(() => undefined);
  return { ready, result, end: () => child.stdin.end() };
}
