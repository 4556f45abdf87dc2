// `npm run bench -- stores`: how long a change in a store takes until all connections run on the new
// credential, and what they lose of the numbered messages that each of them gets meanwhile.
import { parseArgs } from "node:util";

import { connect, type LiveConnection } from "@keyturn/nats";
import { makeOperator, natsServer, until } from "@keyturn/testkit";

import { places, type Place } from "./places.js";

const messagesPerSecond = 500;

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "20" },
    changes: { type: "string", default: "20" },
    json: { type: "boolean", default: false },
  },
});
const [clients, changes] = [Number(values.clients), Number(values.changes)];
if (!(clients >= 1 && changes >= 1)) {
  process.stderr.write(
    "--clients and --changes are not positive numbers. For example: npm run bench -- stores --clients 20 --changes 20\n",
  );
  process.exit(2);
}

/** Figures of one store; times in milliseconds. */
interface Figures {
  readonly name: string;
  readonly median: number;
  readonly worst: number;
  readonly sent: number;
  readonly lost: number;
  readonly repeated: number;
  /** From a good credential in the place of a broken one to all connections on it. */
  readonly mended: number;
}

const operator = await makeOperator();
const account = await operator.account("BENCH");
await using server = await natsServer({
  config: await operator.serverConfig(),
  debug: false,
});

async function change(
  place: Place,
  connections: readonly LiveConnection[],
): Promise<number> {
  const user = await account.user("next");
  const started = performance.now();
  await place.put(user);
  await until("all hand-overs", 30_000, () =>
    connections.every(
      (connection) => connection.posture().publicKey === user.publicKey,
    ),
  );
  return performance.now() - started;
}

async function measure(place: Place): Promise<Figures> {
  await place.put(await account.user("first"));
  const received: number[][] = [];
  const connections: LiveConnection[] = [];
  for (let i = 0; i < clients; i++) {
    const connection = await connect({
      servers: server.url,
      credentials: place.reference,
    });
    const counts: number[] = [];
    connection.subscribe("numbered", {
      callback: (_, message) => {
        const number = Number(message.string());
        counts[number] = (counts[number] ?? 0) + 1;
      },
    });
    await connection.flush();
    received.push(counts);
    connections.push(connection);
  }
  const publisher = await connect({
    servers: server.url,
    credentials: place.reference,
  });
  let sent = 0;
  const pace = setInterval(() => {
    for (let i = 0; i < messagesPerSecond / 100; i++)
      publisher.publish("numbered", `${sent++}`);
  }, 10);
  const times: number[] = [];
  for (let i = 0; i < changes; i++)
    times.push(await change(place, connections));
  // What is no credential is told and changes nothing; then a good one comes.
  const broken = { jwt: "broken", seed: "broken", creds: "broken" };
  await place.put({ ...(await account.user("broken")), ...broken });
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const mended = await change(place, connections);
  clearInterval(pace);
  await publisher.flush();
  await Promise.all(connections.map((connection) => connection.flush()));
  await until("the last messages", 10_000, () =>
    received.every((counts) => counts.length >= sent),
  );
  for (const connection of [...connections, publisher])
    await connection.close();
  const each = received.flatMap((counts) =>
    Array.from({ length: sent }, (_, number) => counts[number] ?? 0),
  );
  times.sort((a, b) => a - b);
  return {
    name: place.name,
    median: times[Math.floor(times.length / 2)] ?? 0,
    worst: times.at(-1) ?? 0,
    sent: sent * clients,
    lost: each.filter((count) => count === 0).length,
    repeated: each.filter((count) => count > 1).length,
    mended,
  };
}

const all: Figures[] = [];
for (const open of places) {
  const place = await open();
  if (process.stderr.isTTY) process.stderr.write(`${place.name} …\n`);
  all.push(await measure(place));
  await place.close();
}

if (values.json) process.stdout.write(`${JSON.stringify(all)}\n`);
else {
  const ms = (time: number): string => `${Math.round(time)} ms`.padStart(9);
  process.stdout.write(
    `${clients} connections, ${changes} changes each, ${messagesPerSecond} messages a second to each connection\n\n`,
  );
  process.stdout.write(
    `${"store".padEnd(27)}${"median".padStart(9)}${"worst".padStart(9)}${"mended".padStart(9)}   lost of received, repeated\n`,
  );
  for (const { name, median, worst, mended, sent, lost, repeated } of all)
    process.stdout.write(
      `${name.padEnd(27)}${ms(median)}${ms(worst)}${ms(mended)}   ${lost} of ${sent}, ${repeated}\n`,
    );
}
