import { parseArgs } from "node:util";

import { Room } from "./room.js";
import { seededRandom } from "./random.js";
import { torture, type TortureFigures } from "./torture.js";

const { values } = parseArgs({
  options: {
    rotations: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now() % 100_000) },
    json: { type: "boolean", default: false },
    "only-ours": { type: "boolean", default: false },
  },
});
const rotations = Number(values.rotations);
if (!Number.isInteger(rotations) || rotations < 1) {
  process.stderr.write(
    "--rotations is not a positive whole number. For example: npm run torture -- --rotations 1000\n",
  );
  process.exit(2);
}

const ours = await run("@keyturn/nats", (room) => room.live());
const stock = values["only-ours"]
  ? undefined
  : await run("nats.js, reconnect()", (room) => room.stock());
if (values.json)
  process.stdout.write(
    `${JSON.stringify({ seed: values.seed, ours, stock }, undefined, 2)}\n`,
  );
else print(ours, stock);

async function run(
  what: string,
  make: (room: Room) => ReturnType<Room["live"]>,
): Promise<TortureFigures> {
  await using room = await Room.open();
  const tested = await make(room);
  return await torture(
    room,
    tested,
    rotations,
    seededRandom(Number(values.seed)),
    (done) => {
      if (process.stderr.isTTY)
        process.stderr.write(`\r${what}: ${done} of ${rotations} …`);
    },
  );
}

function print(a: TortureFigures, b: TortureFigures | undefined): void {
  const row = (what: string, of: (f: TortureFigures) => string | number) =>
    process.stdout.write(
      `${what.padEnd(46)}${String(of(a)).padStart(14)}${b === undefined ? "" : String(of(b)).padStart(14)}\n`,
    );
  process.stdout.write(
    `${`${rotations} rotations, seed ${values.seed}`.padEnd(46)}${"@keyturn/nats".padStart(14)}${b === undefined ? "" : "reconnect()".padStart(14)}\n`,
  );
  row("messages in per second", (f) => f.inPerSecond);
  row("messages sent, both ways", (f) => f.sent);
  row("  lost", (f) => f.lost);
  row("  doubled", (f) => f.doubled);
  row("requests sent, both ways", (f) => f.requests);
  row("  failed", (f) => f.requestsFailed);
  row("JetStream and KV messages", (f) => f.jetStreamSent);
  row("  lost", (f) => f.jetStreamLost);
  row("  doubled", (f) => f.jetStreamDoubled);
  row("  delivered again", (f) => f.redelivered);
  row("  publishes not acknowledged", (f) => f.unacknowledged);
  row("longest silence of a stream", (f) => `${f.longestGapMs} ms`);
  row("a rotation, median", (f) => `${f.rotationMs.p50} ms`);
  row("a rotation, 99 %", (f) => `${f.rotationMs.p99} ms`);
  row("heap growth over as many more", (f) => `${f.growth.heapKiB} KiB`);
  row("handles left over", (f) => f.growth.handles);
  row("status events of nats.js", (f) =>
    Object.values(f.statuses).reduce((sum, count) => sum + count, 0),
  );
}
