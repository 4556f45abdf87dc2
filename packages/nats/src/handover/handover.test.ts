import assert from "node:assert/strict";
import { test } from "node:test";

import { makeOperator, rotateUnderTraffic, until } from "@keyturn/testkit";

import { userJwtCredential } from "../credentials/makers.js";
import type { LiveProtocol } from "./protocol.js";
import { origin, room, type Room } from "./room.test.fixture.js";

async function torture(
  at: Room,
  rotations = 15,
): Promise<Awaited<ReturnType<typeof rotateUnderTraffic>>> {
  const report = await rotateUnderTraffic({
    connection: at.connection,
    servers: [at.server.url],
    user: at.peerUser,
    rates: { jetStream: 0 },
    rotations,
    rotate: () => at.rotate(),
  });
  for (const stream of report.streams) {
    assert.ok(stream.sent > 100, `${stream.name}: ${stream.sent} sent`);
    assert.deepEqual(
      {
        name: stream.name,
        lost: stream.lost,
        duplicated: stream.duplicated,
        faults: stream.faults.filter(({ kind }) => kind !== "late"),
      },
      { name: stream.name, lost: 0, duplicated: 0, faults: [] },
    );
  }
  assert.deepEqual(report.served.errors, []);
  assert.deepEqual(report.made.errors, []);
  assert.equal(at.connection.posture().handovers, rotations);
  assert.deepEqual(report.statuses, [], "nats.js noticed something");
  return report;
}

void test("back-to-back rotations lose nothing and repeat nothing", async () => {
  await using at = await room();
  const report = await torture(at);
  const publish = report.streams.find((stream) => stream.name === "publish");
  assert.equal(publish?.late, 0, "publishes keep their order");
});

void test("with `noEcho` own messages do not come back during a hand-over", async () => {
  await using at = await room({}, { noEcho: true });
  let echoes = 0;
  at.connection.subscribe("own", { callback: () => void echoes++ });
  const pump = setInterval(() => at.connection.publish("own"), 1);
  await torture(at).finally(() => clearInterval(pump));
  await at.connection.flush();
  assert.equal(echoes, 0);
});

void test("where private queue groups are refused, order is kept and copies are dropped", async () => {
  const claims = {
    sub: { allow: ["t.>", "t.> workers", "_INBOX.>"], deny: [] },
    pub: { allow: [">"], deny: [] },
  };
  await using at = await room({ claims });
  const report = await torture(at);
  const plain = report.streams.filter(
    (stream) => stream.name !== "queue group",
  );
  assert.deepEqual(
    plain.map((stream) => stream.late),
    plain.map(() => 0),
  );
});

void test("subscriptions that ask for it keep their order", async () => {
  await using at = await room(
    {},
    { keepOrder: (subject) => subject.includes("callback") },
  );
  const report = await torture(at);
  assert.equal(
    report.streams.find((stream) => stream.name === "callback")?.late,
    0,
  );
});

void test("both connections stay subscribed for longer than a message takes from one subscriber to the next", async () => {
  await using at = await room({}, {}, { trace: true, logtime: true });
  at.connection.subscribe("held.up", { callback: () => undefined });
  await at.connection.flush();
  const log = at.server.logText().length;
  await at.rotate();
  const when = (what: RegExp): number => {
    const [, time = ""] = what.exec(at.server.logText().slice(log)) ?? [];
    return Date.parse(`1970-01-01T${time}Z`);
  };
  const both = when(/ ([\d:.]+) .*<<- \[SUB held\.up/);
  const one = when(/ ([\d:.]+) .*<<- \[UNSUB 1 ?\]/);
  assert.ok(one - both >= 45, `${one - both} ms`);
});

void test("while both are subscribed, messages go out; from the first change of subscriptions on they wait", async () => {
  await using at = await room();
  const heard: string[] = [];
  at.peer.subscribe("out.*", {
    callback: (_, { subject }) => void heard.push(subject),
  });
  await at.peer.flush();
  const { protocol } = at.connection as unknown as { protocol: LiveProtocol };
  const { live } = protocol;
  const rotation = at.rotate();
  // Looked at in every turn of the event loop: a busy machine may leave but few for it.
  while (protocol.overlap === undefined)
    await new Promise((resolve) => setImmediate(resolve));
  assert.equal(live.isHolding, false);
  at.connection.publish("out.free");
  at.connection.subscribe("in", { callback: () => undefined });
  assert.equal(live.isHolding, true);
  const held = live.heldFrames;
  at.connection.publish("out.held");
  await rotation;
  const { lastHandover } = at.connection.posture();
  assert.ok((lastHandover?.heldFrames ?? 0) > held);
  await at.connection.flush();
  await at.peer.flush();
  assert.deepEqual(heard, ["out.free", "out.held"]);
});

void test("a refused credential leaves everything as it was, and says why", async () => {
  await using at = await room();
  const before = at.connection.posture().publicKey;
  const elsewhere = await at.make({ claims: { src: ["10.9.8.0/24"] } });
  at.give(() => Promise.resolve(elsewhere));
  await assert.rejects(at.rotate(), {
    code: "HANDOVER_REFUSED",
    message: `The server refused the new credential (${elsewhere.publicKey}, from this test): Authorization Violation. The connection goes on with the present one. Put a credential with the same rights at the source; it is tried again when it changes.`,
  });
  const posture = at.connection.posture();
  assert.equal(posture.publicKey, before);
  assert.equal(
    (posture.lastError as { code?: string }).code,
    "HANDOVER_REFUSED",
  );
  const answer = at.peer.subscribe("still", {
    callback: (_, m) => void m.respond("here"),
  });
  await at.peer.flush();
  assert.equal((await at.connection.request("still")).string(), "here");
  answer.unsubscribe();
});

void test("a credential of another account is refused: everything in it is another thing", async () => {
  await using at = await room();
  const { account } = at.connection.posture();
  const stranger = await (await makeOperator()).account("OTHER");
  const user = await stranger.user("stranger");
  at.give(() => Promise.resolve(userJwtCredential({ ...user, origin })));
  await assert.rejects(at.rotate(), {
    code: "CREDENTIAL_OTHER_ACCOUNT",
    message: `The new credential belongs to account ${stranger.publicKey}, the connection to ${account}. The connection goes on with the present one. Put a credential of the same account at the source, or make a new connection: subjects, streams and consumers of another account are others.`,
  });
  await at.connection.flush();
});

void test("a credential with fewer rights is rolled back, and what its queue group took is delivered", async () => {
  await using at = await room();
  let got = 0;
  at.connection.subscribe("q.work", { queue: "w", callback: () => void got++ });
  at.connection.subscribe("forbidden.later", { callback: () => undefined });
  await at.connection.flush();
  const narrow = {
    claims: { sub: { allow: [">"], deny: ["forbidden.>", "forbidden.> >"] } },
  };
  at.give(() => at.make(narrow));
  let sent = 0;
  const pump = setInterval(() => {
    for (let i = 0; i < 5; i++, sent++) at.peer.publish("q.work");
  }, 1);
  for (let round = 0; round < 5; round++) {
    await assert.rejects(at.rotate(), {
      code: "HANDOVER_REFUSED",
      message:
        "The new credential may not subscribe to `forbidden.later`. The connection goes on with the present one. Put a credential with the same rights at the source; it is tried again when it changes.",
    });
  }
  clearInterval(pump);
  await at.peer.flush();
  await until("all of them", 2000, () => got === sent);
  assert.ok(sent > 50);
});

void test("a failing source leaves the connection alone and shows in the posture", async () => {
  await using at = await room();
  at.give(() => Promise.reject(new Error("the store is down")));
  await assert.rejects(at.rotate(), { message: "the store is down" });
  assert.equal(at.connection.posture().lastError?.message, "the store is down");
  await at.connection.flush();
});

void test("a credential is refreshed ahead of its expiry, without being asked", async () => {
  await using at = await room({ expiresInSeconds: 3 });
  const first = at.connection.posture();
  await until(
    "the hand-over",
    4000,
    () => at.connection.posture().handovers > 0,
  );
  const second = at.connection.posture();
  assert.notEqual(second.publicKey, first.publicKey);
  assert.ok((second.expiresAt as Date) > (first.expiresAt as Date));
});
