import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { natsServer } from "@keyturn/testkit";
import { connect } from "@nats-io/transport-node";

import { prepare, scenarios } from "./scenarios.js";
import type { Run, Task } from "./tested.js";

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

const pairs = 11;
/** So that nothing is collected while it is counted. */
const semiSpaceMb = 512;
const asJson = process.argv.includes("--json");

await using server = await natsServer({ jetstream: true, debug: false });
const first = await connect({ servers: server.url });
await prepare(first);
await first.close();
const ours = await start("ours");
const stock = await start("stock");
const figures: Figures[] = [];
const words = process.argv.slice(2).filter((arg) => !arg.startsWith("-"));
for (const [index, { name }] of scenarios.entries())
  if (words.length === 0 || words.some((word) => name.includes(word)))
    figures.push(await compare(index));
for (const child of [ours, stock]) child.send("end");

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

async function start(kind: "ours" | "stock"): Promise<ChildProcess> {
  const program = fileURLToPath(new URL("tested.js", import.meta.url));
  const child = fork(program, [server.url, kind], {
    execArgv: [
      "--expose-gc",
      `--min-semi-space-size=${semiSpaceMb}`,
      `--max-semi-space-size=${semiSpaceMb}`,
    ],
  });
  await once(child, "message");
  return child;
}

async function compare(scenario: number): Promise<Figures> {
  const { name = "", count = 0 } = scenarios[scenario] ?? {};
  for (const child of [ours, stock, ours, stock])
    await run(child, { scenario, count });
  const shares: number[] = [];
  const own: Run[] = [];
  const peer: Run[] = [];
  for (let i = 0; i < pairs; i++) {
    // They take turns in going first.
    const [one, two] = i % 2 === 0 ? [ours, stock] : [stock, ours];
    const begun = await run(one, { scenario, count });
    const ended = await run(two, { scenario, count });
    const [mine, theirs] = i % 2 === 0 ? [begun, ended] : [ended, begun];
    own.push(mine);
    peer.push(theirs);
    shares.push(mine.perSecond / theirs.perSecond);
  }
  const bytes = median(peer.map((one) => one.bytes));
  return {
    name,
    perSecond: Math.round(median(peer.map((one) => one.perSecond))),
    throughput: rounded(median(shares)),
    bytes: Math.round(bytes),
    allocations: rounded(median(own.map((one) => one.bytes)) / bytes),
  };
}

async function run(child: ChildProcess, task: Task): Promise<Run> {
  child.send(task);
  const [result] = (await once(child, "message")) as [Run];
  return result;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
