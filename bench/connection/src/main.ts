// Run with `--expose-gc --max-semi-space-size=512`, so that nothing is collected while it is counted.
import { performance } from "node:perf_hooks";
import { Worker } from "node:worker_threads";

import { connect as ours } from "@keyturn/nats";
import { natsServer } from "@keyturn/testkit";
import type { NatsConnection } from "@nats-io/nats-core";
import { connect as stock } from "@nats-io/transport-node";

import {
  prepare,
  scenarios,
  type AskPeer,
  type Scenario,
} from "./scenarios.js";

/** Figures of one scenario. */
interface Figures {
  readonly name: string;
  /** Of the stock connection. */
  readonly perSecond: number;
  /** Throughput of ours, as a share of the stock connection's: the median of pairs of runs. */
  readonly throughput: number;
  /** Bytes that the stock connection allocates for a message. */
  readonly bytes: number;
  /** Those of ours, as a share of that. */
  readonly allocations: number;
}

interface Run {
  readonly perSecond: number;
  readonly bytes: number;
}

const pairs = 9;
const asJson = process.argv.includes("--json");

await using server = await natsServer({ jetstream: true, debug: false });
const worker = new Worker(new URL("peer.js", import.meta.url), {
  workerData: { url: server.url },
});
const answer = (): Promise<void> =>
  new Promise((resolve) => worker.once("message", () => resolve()));
await answer();
const ask: AskPeer = async (task) => {
  worker.postMessage(task);
  await answer();
};
const a = await ours({ servers: server.url });
const b = await stock({ servers: server.url });
await prepare(b);
const figures: Figures[] = [];
for (const scenario of scenarios) figures.push(await compare(scenario));
await a.close();
await b.close();
worker.postMessage("end");

if (asJson) process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
else {
  process.stdout.write(
    `${"".padEnd(22)}${"nats.js".padStart(12)}${"throughput".padStart(13)}${"allocated".padStart(14)}${"allocations".padStart(14)}\n`,
  );
  for (const { name, perSecond, throughput, bytes, allocations } of figures)
    process.stdout.write(
      `${name.padEnd(22)}${`${perSecond}/s`.padStart(12)}${throughput.toFixed(3).padStart(13)}${`${bytes} bytes`.padStart(14)}${allocations.toFixed(3).padStart(14)}\n`,
    );
}

async function compare(scenario: Scenario): Promise<Figures> {
  for (const connection of [a, b, a, b])
    await scenario.run(connection, ask, scenario.count / 4);
  const shares: number[] = [];
  const own: Run[] = [];
  const peer: Run[] = [];
  for (let i = 0; i < pairs; i++) {
    // Who goes first has an advantage, or not: they take turns.
    const first = await measure(i % 2 === 0 ? a : b, scenario);
    const second = await measure(i % 2 === 0 ? b : a, scenario);
    const [mine, theirs] = i % 2 === 0 ? [first, second] : [second, first];
    own.push(mine);
    peer.push(theirs);
    shares.push(mine.perSecond / theirs.perSecond);
  }
  const bytes = median(peer.map((run) => run.bytes));
  return {
    name: scenario.name,
    perSecond: Math.round(median(peer.map((run) => run.perSecond))),
    throughput: rounded(median(shares)),
    bytes: Math.round(bytes),
    allocations: rounded(median(own.map((run) => run.bytes)) / bytes),
  };
}

async function measure(
  connection: NatsConnection,
  { run, count }: Scenario,
): Promise<Run> {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const began = performance.now();
  await run(connection, ask, count);
  const seconds = (performance.now() - began) / 1000;
  return {
    perSecond: count / seconds,
    bytes: (process.memoryUsage().heapUsed - before) / count,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
