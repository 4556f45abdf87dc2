// `npm run torture`: rotates credentials under traffic of all kinds, here and with nats.js as it is, and
// accounts for every message.
import { parseArgs } from "node:util";

import {
  rotationTorture,
  tortureFaults,
  type Rotatable,
  type StreamReport,
  type TortureFault,
  type TortureReport,
  type TortureSite,
} from "@keyturn/testkit";

import { ours, stock } from "./clients.js";
import { growth, type Growth } from "./growth.js";

/** 6 streams of core NATS make 7 deliveries a message; the others are of one kind each. */
const rates = { in: 10_500, out: 2000, requests: 500, jetStream: 100 };

const { values } = parseArgs({
  options: {
    rotations: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now() % 100_000) },
    nodes: { type: "string", default: "1" },
    faults: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    "only-ours": { type: "boolean", default: false },
  },
});
const rotations = positive("rotations", values.rotations);
const size = positive("nodes", values.nodes);
const seed = positive("seed", values.seed);
// One server has no other to go to.
const faults: readonly TortureFault[] = values.faults
  ? tortureFaults.filter((fault) => size > 1 || fault !== "elsewhere")
  : [];

interface Figures {
  readonly report: TortureReport;
  readonly seconds: number;
  readonly growth: Growth | undefined;
}

const mine = await run("@keyturn/nats", ours);
// With faults in between nats.js by itself closes for good.
const theirs =
  values["only-ours"] || values.faults
    ? undefined
    : await run("nats.js, reconnect()", stock);
if (values.json)
  process.stdout.write(
    `${JSON.stringify({ seed, ours: mine, stock: theirs }, undefined, 2)}\n`,
  );
else print(mine, theirs);
if (hasFailed(mine.report)) process.exitCode = 1;

async function run(
  what: string,
  connect: (site: TortureSite) => Promise<Rotatable>,
): Promise<Figures> {
  const began = performance.now();
  const report = await rotationTorture({
    connect,
    rotations,
    seed,
    size,
    faults,
    rates,
    onRound: (round) => {
      if (process.stderr.isTTY && round % 10 === 0)
        process.stderr.write(`\r${what}: ${round} of ${rotations} …`);
    },
  });
  const seconds = (performance.now() - began) / 1000;
  return {
    report,
    seconds,
    growth: values.faults
      ? undefined
      : await growth(connect, Math.max(10, rotations)),
  };
}

function print(a: Figures, b: Figures | undefined): void {
  const row = (what: string, of: (figures: Figures) => string | number) => {
    const theirs = b === undefined ? "" : String(of(b)).padStart(14);
    process.stdout.write(
      `${what.padEnd(46)}${String(of(a)).padStart(14)}${theirs}\n`,
    );
  };
  const sum = (
    streams: readonly StreamReport[],
    key: "sent" | "lost" | "duplicated" | "excused",
  ): number => streams.reduce((total, stream) => total + stream[key], 0);
  const of = (pick: (report: TortureReport) => number | string) => {
    return ({ report }: Figures) => pick(report);
  };
  const inward = ({ report }: Figures): readonly StreamReport[] =>
    report.streams.filter(({ name }) => name !== "publish");
  const servers = size === 1 ? "one server" : `${size} servers`;
  process.stdout.write(
    `${`${rotations} rotations, ${servers}, seed ${seed}`.padEnd(46)}${"@keyturn/nats".padStart(14)}${b === undefined ? "" : "reconnect()".padStart(14)}\n`,
  );
  row("messages in per second", (f) =>
    Math.round(sum(inward(f), "sent") / f.seconds),
  );
  row(
    "messages, both ways",
    of((r) => sum(r.streams, "sent")),
  );
  row(
    "  lost",
    of((r) => sum(r.streams, "lost")),
  );
  row(
    "  doubled",
    of((r) => sum(r.streams, "duplicated")),
  );
  row(
    "requests, both ways",
    of((r) => r.served.sent + r.made.sent),
  );
  row(
    "  failed",
    of((r) => r.served.failed + r.made.failed),
  );
  row(
    "JetStream and KV messages",
    of((r) => sum(r.jetStream, "sent")),
  );
  row(
    "  lost",
    of((r) => sum(r.jetStream, "lost")),
  );
  row(
    "  doubled",
    of((r) => sum(r.jetStream, "duplicated")),
  );
  row(
    "  delivered again",
    of((r) => r.redelivered),
  );
  row(
    "  publishes not acknowledged",
    of((r) => r.unacknowledged),
  );
  row(
    "longest silence of a stream",
    of(
      (r) =>
        `${Math.round(Math.max(...r.streams.map(({ longestGapMs }) => longestGapMs)))} ms`,
    ),
  );
  for (const name of ["callback", "ordered"]) {
    const latency = (
      kind: "rotating" | "quiet",
    ): ((report: TortureReport) => string) => {
      return ({ streams }) => {
        const spread = streams.find((one) => one.name === name)?.latency[kind];
        return `${spread?.median.toFixed(1)} / ${spread?.p99.toFixed(0)} ms`;
      };
    };
    row(`latency, ${name}, rotating: median / 99 %`, of(latency("rotating")));
    row(`  in between`, of(latency("quiet")));
  }
  row(
    "a rotation, median / 99 %",
    of((r) => `${r.rotationMs.median} / ${r.rotationMs.p99} ms`),
  );
  if (a.growth !== undefined) {
    row("heap growth over as many more", (f) => `${f.growth?.heapKiB} KiB`);
    row("handles left over", (f) => f.growth?.handles ?? 0);
  }
  row(
    "status events of nats.js",
    of((r) => r.statuses.length),
  );
  if (faults.length > 0)
    printFaults(a.report, sum(a.report.streams, "excused"));
  for (const stream of [...a.report.streams, ...a.report.jetStream])
    for (const { kind, number, when } of stream.faults)
      if (kind !== "late")
        process.stdout.write(`${kind}: ${stream.name} ${number}, ${when}\n`);
  for (const wrong of a.report.wrongRotations)
    process.stdout.write(`${wrong}\n`);
}

function printFaults(report: TortureReport, excused: number): void {
  process.stdout.write(
    `on the wire when a fault cut it: ${excused} messages\n`,
  );
  for (const fault of faults) {
    const times = report.faults
      .filter((one) => one.fault === fault)
      .map(({ recoveredMs }) => recoveredMs ?? Infinity);
    process.stdout.write(
      `  ${fault.padEnd(14)}${String(times.length).padStart(4)} times, back within ${Math.max(...times)} ms\n`,
    );
  }
}

function hasFailed(report: TortureReport): boolean {
  return (
    [...report.streams, ...report.jetStream].some(
      ({ lost, duplicated }) => lost + duplicated > 0,
    ) ||
    report.served.failed + report.made.failed > 0 ||
    report.wrongRotations.length > 0 ||
    report.faults.some(({ recoveredMs }) => (recoveredMs ?? Infinity) > 5000)
  );
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  process.stderr.write(
    `--${name} is not a positive whole number. For example: npm run torture -- --rotations 1000\n`,
  );
  process.exit(2);
}
