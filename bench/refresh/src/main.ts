// `npm run bench -- refresh`: many connections whose user JWT expires at the same moment, under traffic
// that each of them receives; then the store of their credentials is down across the expiry.
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

import { connect, userJwtCredential, type LiveConnection } from "@keyturn/nats";
import { makeOperator, natsServer } from "@keyturn/testkit";

import { origin, Store } from "./store.js";

const lifeSeconds = 20;
const messagesPerSecond = 10;

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "1000" },
    json: { type: "boolean", default: false },
  },
});
const clients = Number(values.clients);
if (!Number.isInteger(clients) || clients < 1) {
  process.stderr.write(
    "--clients is not a positive whole number. For example: npm run bench -- refresh --clients 1000\n",
  );
  process.exit(2);
}

function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${text} …\n`);
}

const operator = await makeOperator();
const account = await operator.account("BENCH");
await using server = await natsServer({
  config: await operator.serverConfig(),
  debug: false,
});
const store = new Store(account, lifeSeconds);

say(`${clients} connections`);
const received: number[] = [];
const connections: LiveConnection[] = [];
for (let i = 0; i < clients; i++) {
  const connection = await connect({
    servers: server.url,
    credentials: store.read,
  });
  connection.subscribe("all", {
    callback: () => {
      received[i] = (received[i] ?? 0) + 1;
    },
  });
  connections.push(connection);
}
await Promise.all(connections.map((connection) => connection.flush()));
const steady = await account.user("publisher");
const publisher = await connect({
  servers: server.url,
  credentials: userJwtCredential({ ...steady, origin }),
});

// All get one JWT now, with one expiry.
store.renew();
await Promise.all(connections.map((one) => one.refreshCredentials()));
const began = store.made;
store.reads.length = 0;
const before = handovers();
received.fill(0);
let sent = 0;
const traffic = setInterval(() => {
  publisher.publish("all", "x");
  sent++;
}, 1000 / messagesPerSecond);

say(`one life of ${lifeSeconds} s`);
await pause(lifeSeconds * 1000 * 0.9);
clearInterval(traffic);
await publisher.flush();
await Promise.all(connections.map((connection) => connection.flush()));
await pause(500);
const shares = store.reads.map((at) => (at - began) / (lifeSeconds * 1000));
const spread = {
  clients,
  lifeSeconds,
  storeReads: store.reads.length,
  firstAtShare: round(Math.min(...shares), 3),
  lastAtShare: round(Math.max(...shares), 3),
  busiestSecond: busiest(store.reads, 1000),
  handovers: handovers() - before,
  messages: sent * clients,
  lost: sent * clients - received.reduce((sum, count) => sum + count, 0),
  connected: connected(),
};

say("the store is down across an expiry");
store.renew();
await Promise.all(connections.map((one) => one.refreshCredentials()));
store.isDown = true;
store.reads.length = 0;
await pause(lifeSeconds * 1000 + 3000);
const downReads = store.reads.length;
const stillConnected = connected();
const closed = connections.filter((one) => one.isClosed()).length;
store.isDown = false;
const back = performance.now();
const recoveredMs: number[] = [];
while (recoveredMs.length < clients && performance.now() - back < 30_000) {
  await pause(10);
  const up = connected();
  while (recoveredMs.length < up) recoveredMs.push(performance.now() - back);
}
const outage = {
  readsWhileDown: downReads,
  connectedWithoutCredential: stillConnected,
  closedForGood: closed,
  recovered: recoveredMs.length,
  recoveredMs: {
    first: Math.round(recoveredMs[0] ?? NaN),
    median: Math.round(recoveredMs[recoveredMs.length >> 1] ?? NaN),
    last: Math.round(recoveredMs.at(-1) ?? NaN),
  },
};

await publisher.close();
await Promise.all(connections.map((connection) => connection.close()));
if (values.json)
  process.stdout.write(`${JSON.stringify({ spread, outage }, undefined, 2)}\n`);
else print();

function print(): void {
  const row = (what: string, value: string | number): void => {
    process.stdout.write(`${what.padEnd(54)}${String(value).padStart(14)}\n`);
  };
  row(`connections with one expiry, after ${lifeSeconds} s`, clients);
  row("  reads of the store", spread.storeReads);
  row(
    "  from … to (share of the life)",
    `${percent(spread.firstAtShare)}-${percent(spread.lastAtShare)}`,
  );
  row("  reads in the busiest second", spread.busiestSecond);
  row("  hand-overs", spread.handovers);
  row("  messages to all of them", spread.messages);
  row("  lost", spread.lost);
  row("store down across the expiry, 3 s more", "");
  row(
    "  connections with an expired credential",
    outage.connectedWithoutCredential,
  );
  row("  closed for good", outage.closedForGood);
  row("  reads of the store meanwhile", outage.readsWhileDown);
  row(
    "  back after the store's return: median",
    `${outage.recoveredMs.median} ms`,
  );
  row("  the last of them", `${outage.recoveredMs.last} ms`);
}

function connected(): number {
  return connections.filter((one) => one.posture().state === "connected")
    .length;
}

function handovers(): number {
  return connections.reduce((sum, one) => sum + one.posture().handovers, 0);
}

function busiest(times: readonly number[], windowMs: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  let most = 0;
  for (let from = 0, to = 0; to < sorted.length; to++) {
    while ((sorted[to] ?? 0) - (sorted[from] ?? 0) > windowMs) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
