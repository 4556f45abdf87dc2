import assert from "node:assert/strict";
import { test } from "node:test";

import {
  rotationTorture,
  type Rotatable,
  type TortureOptions,
  type TortureReport,
  type TortureSite,
} from "@keyturn/testkit";
import { jwtAuthenticator } from "@nats-io/nats-core";
import { connect as stockConnect } from "@nats-io/transport-node";

import { connect } from "../connection/connect.js";
import { userJwtCredential } from "../credentials/makers.js";

const origin = { source: "this test", plaintext: false };
const rates = { in: 2800, out: 200, requests: 60, jetStream: 40 };

async function ours({ servers, source }: TortureSite): Promise<Rotatable> {
  const connection = await connect({
    servers,
    credentials: async () => userJwtCredential({ ...(await source()), origin }),
    keepOrder: (subject) => subject.endsWith(".ordered"),
  });
  return {
    connection,
    rotate: () => connection.refreshCredentials(),
    steps: () => connection.posture().lastHandover?.steps ?? [],
  };
}

/** nats.js as it is, which has but `reconnect()`. */
async function stock({ servers, source }: TortureSite): Promise<Rotatable> {
  let user = await source();
  const connection = await stockConnect({
    servers,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 10,
    authenticator: (nonce) =>
      jwtAuthenticator(user.jwt, new TextEncoder().encode(user.seed))(nonce),
  });
  return {
    connection,
    rotate: async () => {
      user = await source();
      await connection.reconnect();
      await new Promise((resolve) => setTimeout(resolve, 50));
    },
  };
}

function torture(
  t: { diagnostic: (text: string) => void },
  options: Partial<TortureOptions>,
): Promise<TortureReport> {
  const seed = Math.floor(Math.random() * 1e6);
  t.diagnostic(`seed ${seed}`);
  return rotationTorture({ connect: ours, rates, seed, ...options });
}

function assertNothingLost(report: TortureReport): void {
  for (const { name, sent, lost, duplicated, late, faults } of [
    ...report.streams,
    ...report.jetStream,
  ]) {
    assert.ok(sent > 20, `${name}: ${sent} sent`);
    const wrong = faults.filter(({ kind }) => kind !== "late");
    assert.deepEqual([name, lost, duplicated, wrong], [name, 0, 0, []]);
    if (name === "ordered" || name === "inbox") assert.equal(late, 0, name);
  }
  const { served, made, redelivered, unacknowledged } = report;
  assert.deepEqual([served.errors, made.errors], [[], []]);
  assert.deepEqual([redelivered, unacknowledged], [0, 0]);
  assert.deepEqual(report.wrongRotations, []);
  for (const { fault, recoveredMs } of report.faults)
    assert.ok((recoveredMs ?? Infinity) < 5000, `${fault}: ${recoveredMs}`);
}

test("rotations under all kinds of traffic lose, double and fail nothing", async (t) => {
  const report = await torture(t, { rotations: 20 });
  assertNothingLost(report);
  assert.deepEqual(report.statuses, [], "nats.js noticed something");
  assert.equal(report.refusedPublishes, 0);
  const publish = report.streams.find(({ name }) => name === "publish");
  assert.equal(publish?.late, 0, "publishes keep their order");
  const late = report.streams.flatMap(({ faults }) => faults);
  assert.ok(
    late.some(({ when }) => /ms into rotation \d+, "\w+"$/.test(when)),
    "what is late is told with the step of the hand-over",
  );
});

test("with faults in between nothing is lost but what was on the wire, and each is recovered from", async (t) => {
  const report = await torture(t, {
    rotations: 21,
    faults: [
      "cut",
      "stall",
      "slow",
      "restart",
      "revoke",
      "refuse",
      "source-down",
    ],
  });
  assertNothingLost(report);
  assert.equal(report.faults.length, 7);
});

test("so it is on a cluster, whose members come and go", async (t) => {
  const report = await torture(t, {
    size: 3,
    rotations: 12,
    faults: ["elsewhere", "restart", "cut", "revoke"],
    // A cluster takes long to agree on its leader; `npm run torture -- --nodes 3` has JetStream, too.
    rates: { ...rates, jetStream: 0 },
  });
  assertNothingLost(report);
  assert.equal(report.faults.length, 4);
});

test("`reconnect()` of nats.js loses messages: the torture can tell", async (t) => {
  const report = await torture(t, {
    connect: stock,
    rotations: 10,
    rates: { ...rates, jetStream: 0 },
  });
  const lost = report.streams.reduce((sum, stream) => sum + stream.lost, 0);
  assert.ok(lost > 0);
  assert.ok(report.made.failed > 0);
  const [first] = report.streams.flatMap(({ faults }) => faults);
  assert.match(
    first?.when ?? "",
    /^(-?\d+\.\d ms into rotation \d+|between rotations)$/,
  );
});
