// One kind of connection, in a process with a heap and a compiler's memory of its own.
import { performance } from "node:perf_hooks";
import { Worker } from "node:worker_threads";

import { connect as ours } from "@keyturn/nats";
import { connect as stock } from "@nats-io/transport-node";

import { scenarios, type AskPeer } from "./scenarios.js";

/** A scenario to run, by its place in the list. */
export interface Task {
  readonly scenario: number;
  readonly count: number;
}

/** What it took. */
export interface Run {
  readonly perSecond: number;
  /** Bytes allocated for a message. */
  readonly bytes: number;
}

const [url = "", kind] = process.argv.slice(2);
const peer = new Worker(new URL("peer.js", import.meta.url), {
  workerData: { url },
});
const answer = (): Promise<void> =>
  new Promise((resolve) => peer.once("message", () => resolve()));
await answer();
const ask: AskPeer = async (task) => {
  peer.postMessage(task);
  await answer();
};
const connection = await (kind === "ours" ? ours : stock)({ servers: url });
process.on("message", (task: Task | "end") => {
  void (task === "end" ? end() : run(task));
});
process.send?.("ready");

async function run({ scenario, count }: Task): Promise<void> {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const began = performance.now();
  await scenarios[scenario]?.run(connection, ask, count);
  const seconds = (performance.now() - began) / 1000;
  const bytes = (process.memoryUsage().heapUsed - before) / count;
  process.send?.({ perSecond: count / seconds, bytes } satisfies Run);
}

async function end(): Promise<void> {
  await connection.close();
  peer.postMessage("end");
  process.disconnect();
}
