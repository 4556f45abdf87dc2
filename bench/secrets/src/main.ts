// Reads a second of `keyturn secrets serve`, and how long one takes. Server, backend and hosts are
// processes of their own; the backend is the executable, with its audit log in a file.
import {
  execFileSync,
  fork,
  spawn,
  type ChildProcess,
} from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { generateSeed, signingKeyFromSeed } from "@keyturn/nats";
import {
  selfSignedHostToken,
  signClaims,
} from "@keyturn/nats/wasmcloud-secrets";
import { natsServer } from "@keyturn/testkit";

import type { Load, Measured } from "./hosts.js";

/** Figures of one scenario. */
interface Figures {
  readonly name: string;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Answers that were errors. */
  readonly failed: number;
  /** Processor time of the backend for each, in milliseconds; only Linux tells it. */
  readonly cpu: number | undefined;
}

const asJson = process.argv.includes("--json");
const keyturn = fileURLToPath(
  new URL("main.js", import.meta.resolve("keyturn")),
);
const folder = mkdtempSync(join(tmpdir(), "keyturn-bench-"));
const file = (name: string): string => join(folder, name);
const newKey = (kind: "account" | "service") =>
  signingKeyFromSeed(Buffer.from(generateSeed(kind)));

await using server = await natsServer({ jetstream: true, debug: false });
const env = {
  ...process.env,
  NATS_URL: server.url,
  KEYTURN_SEAL_KEY_FILE: file("seal.key"),
  KEYTURN_TRANSIT_KEY_FILE: file("transit.key"),
};
const type = (args: readonly string[], input = ""): string =>
  execFileSync(process.execPath, [keyturn, "secrets", ...args], {
    env,
    input,
    encoding: "utf8",
  });

const issuer = newKey("account");
const provider = newKey("service").publicKey;
const stranger = newKey("service").publicKey;
type(["keygen", file("seal.key")]);
type(["keygen", file("transit.key")]);
type(["put", "ruled/seed"], "x".repeat(58));
type(["put", "mapped/seed"], "x".repeat(58));
type(["put", "ruled/large"], "x".repeat(16_384));
type(["map", provider, "mapped/seed"]);
writeFileSync(
  file("policy.json"),
  JSON.stringify({
    issuers: [issuer.publicKey],
    hosts: "any",
    rules: [
      { name: "ruled", entities: [provider], keys: ["ruled/*"] },
      { name: "mapped", entities: "mapped", keys: ["mapped/*"] },
    ],
  }),
);
const backend = spawn(
  process.execPath,
  [
    keyturn,
    "secrets",
    "serve",
    `--policy=${file("policy.json")}`,
    `--audit=${file("audit.jsonl")}`,
  ],
  { env, stdio: ["ignore", "ignore", "pipe"] },
);
const ended = once(backend, "exit");
try {
  await serving(backend);
  const hosts = fork(
    fileURLToPath(new URL("hosts.js", import.meta.url)),
    [server.url],
    { execArgv: ["--expose-gc"] },
  );
  await once(hosts, "message");
  const figures: Figures[] = [];
  for (const [name, load] of scenarios()) {
    // The first run warms up.
    await measured(hosts, { ...load, count: Math.ceil(load.count / 5) });
    const before = cpuSeconds();
    const result = await measured(hosts, load);
    figures.push({ name, ...result, cpu: each(before, load.count) });
  }
  hosts.disconnect();
  await once(hosts, "exit");
  show(figures);
} finally {
  backend.kill("SIGTERM");
  await ended;
  rmSync(folder, { recursive: true });
}

function scenarios(): readonly (readonly [string, Load])[] {
  const hostJwt = selfSignedHostToken("bench");
  const entityJwt = signClaims({ sub: provider }, issuer);
  const load = {
    key: "ruled/seed",
    hostJwt,
    entityJwt,
    atOnce: 64,
    count: 20_000,
  };
  return [
    ["read, 64 at once", load],
    ["read, 1 at once", { ...load, atOnce: 1, count: 3000 }],
    ["read by a mapping", { ...load, key: "mapped/seed" }],
    ["read of 16 KiB", { ...load, key: "ruled/large", count: 8000 }],
    ["refusal", { ...load, entityJwt: signClaims({ sub: stranger }, issuer) }],
  ];
}

/** Waits until it serves; what it has to tell after that is for whoever runs this. */
function serving(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let told = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      if (told.includes("Serving ")) process.stderr.write(chunk);
      told += chunk.toString("utf8");
      if (told.includes("Serving ")) resolve();
    });
    child.once("exit", () => {
      reject(new Error(`The backend has ended: ${told}`));
    });
  });
}

/** What the backend has used of processors since its start. */
function cpuSeconds(): number {
  try {
    const stat = readFileSync(`/proc/${backend.pid}/stat`, "latin1");
    const [user, system] = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .slice(11, 13)
      .map(Number);
    // In ticks, of which Linux has a hundred a second for programs.
    return ((user ?? Number.NaN) + (system ?? Number.NaN)) / 100;
  } catch {
    return Number.NaN;
  }
}

function each(before: number, count: number): number | undefined {
  const ms = ((cpuSeconds() - before) * 1000) / count;
  return Number.isNaN(ms) ? undefined : Math.round(ms * 1000) / 1000;
}

async function measured(hosts: ChildProcess, load: Load): Promise<Measured> {
  hosts.send(load);
  const [result] = (await once(hosts, "message")) as [Measured];
  return result;
}

function show(figures: readonly Figures[]): void {
  if (asJson) {
    process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
    return;
  }
  const cells = (...texts: readonly string[]): string =>
    texts
      .map((text, i) => (i === 0 ? text.padEnd(22) : text.padStart(12)))
      .join("");
  const lines = figures.map(
    ({ name, perSecond, p50, p99, failed, cpu = "?" }) =>
      cells(
        name,
        `${perSecond}`,
        `${p50} ms`,
        `${p99} ms`,
        `${failed}`,
        `${cpu} ms`,
      ),
  );
  const audited =
    readFileSync(file("audit.jsonl"), "utf8").split("\n").length - 1;
  process.stdout.write(
    `${[cells("", "a second", "p50", "p99", "errors", "CPU each"), ...lines].join("\n")}\n${audited} lines in the audit log\n`,
  );
}
