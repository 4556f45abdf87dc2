import assert from "node:assert/strict";
import { test } from "node:test";

import { until } from "@keyturn/testkit";

import { room, type Room } from "./room.test.fixture.js";
import type { CredentialChange } from "./posture.js";
import { credentialChange } from "./status.js";

/** What the status tells of the credential, and what else. */
function statusOf({ connection }: Room): {
  changes: CredentialChange[];
  others: string[];
} {
  const changes: CredentialChange[] = [];
  const others: string[] = [];
  void (async () => {
    for await (const status of connection.status()) {
      const change = credentialChange(status);
      if (change === undefined) others.push(status.type);
      else changes.push(change);
    }
  })();
  return { changes, others };
}

void test("the status tells of refreshes, hand-overs and refusals, beside what nats.js tells", async () => {
  await using at = await room();
  const { changes, others } = statusOf(at);
  await at.rotate();
  at.give(() => at.make({ claims: { src: ["10.9.8.0/24"] } }));
  await assert.rejects(at.rotate(), { code: "HANDOVER_REFUSED" });
  const { publicKey } = at.connection.posture();
  at.give(() => Promise.reject(new Error("the store is down")));
  await assert.rejects(at.rotate(), { message: "the store is down" });
  await until("the refusal", 5000, () => changes.length >= 4);
  assert.deepEqual(
    changes.slice(0, 4).map(({ type }) => type),
    ["refreshed", "handedOver", "refreshed", "handoverFailed"],
  );
  assert.ok(
    changes[1]?.type === "handedOver" && changes[1].publicKey === publicKey,
  );
  assert.equal(changes[1].of, "credential");
  assert.equal(changes[1].report.gap, false);
  await at.connection.close();
  await until("the end", 5000, () => others.length > 0);
  assert.deepEqual(others, ["close"]);
});

void test("the status tells when the connection waits for a credential", async () => {
  await using at = await room({ expiresInSeconds: 2 });
  const { changes, others } = statusOf(at);
  at.give(() => Promise.reject(new Error("the store is down")));
  await until("the expiry", 10_000, () =>
    changes.some(({ type }) => type === "waiting"),
  );
  assert.ok(changes.some(({ type }) => type === "refreshFailed"));
  assert.ok(others.includes("disconnect"));
  at.give(() => at.make({}));
  await until("it is back", 10_000, () => others.includes("reconnect"));
  assert.ok(changes.some(({ type }) => type === "refreshed"));
});
