import { fileURLToPath } from "node:url";

import { measureBurst } from "./burst.js";
import { measureMemory } from "./memory.js";
import { Room } from "./room.js";
import { measureStart } from "./start.js";
import { measureThroughput } from "./throughput.js";

const asJson = process.argv.includes("--json");
const program = fileURLToPath(
  new URL("main.js", import.meta.resolve("@keyturn/messaging")),
);

const start = await measureStart(program);
await using room = await Room.open(program);
const idle = await measureMemory(room);
const throughput = await measureThroughput(room);
const loaded = await measureMemory(room);
const burst = await measureBurst(program);

if (asJson) {
  const figures = { start, idle, throughput, loaded, burst };
  process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
} else {
  const lines = [
    ["process started until healthy, 2 links", `${start.healthyMs} ms`],
    ["a Node.js process that does nothing", `${start.bareNodeMs} ms`],
    ["resident memory, idle", `${idle.residentMiB} MiB`],
    [
      "delivered to the component",
      `${throughput.delivered.perSecond}/s, ${throughput.delivered.ofDirect} of a plain nats.js subscriber`,
    ],
    [
      "published by the component",
      `${throughput.published.perSecond}/s, ${throughput.published.ofDirect} of a plain nats.js publisher that awaits each`,
    ],
    [
      "requests through the component and back",
      `${throughput.requests.perSecond}/s, p50 ${throughput.requests.p50Ms} ms, p99 ${throughput.requests.p99Ms} ms`,
    ],
    ["resident memory, after that", `${loaded.residentMiB} MiB`],
    [
      `burst of ${burst.sent} messages of 1 KiB onto a handler of 10 ms`,
      `peak ${burst.peakMiB} MiB, lost ${burst.lost}, dropped and told ${burst.dropped}`,
    ],
  ];
  for (const [what = "", figure = ""] of lines)
    process.stdout.write(`${what.padEnd(58)} ${figure}\n`);
}
