import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { headers } from "@nats-io/nats-core";

import { isKeyturnError } from "../errors/keyturn-error.js";
import { Outbox, type OutboxOptions } from "./outbox.js";

function make(options: OutboxOptions): {
  outbox: Outbox;
  drops: string[];
  released(): string[];
} {
  const drops: string[] = [];
  const outbox = new Outbox(options, (count, why) =>
    drops.push(`${count} ${why}`),
  );
  return {
    outbox,
    drops,
    released: () => {
      const subjects: string[] = [];
      outbox.release((entry) =>
        subjects.push(
          `${entry.subject}=${Buffer.from(entry.payload).toString()}`,
        ),
      );
      return subjects;
    },
  };
}

void test("messages wait in order and go once", () => {
  const { outbox, released } = make({});
  outbox.add("a", "1", undefined);
  outbox.add("b", new TextEncoder().encode("2"), { reply: "r" });
  assert.equal(outbox.size, 2);
  assert.deepEqual(released(), ["a=1", "b=2"]);
  assert.equal(outbox.bytes, 0);
  assert.deepEqual(released(), []);
});

void test("what waits is a copy: the caller may use its buffer again", () => {
  const { outbox, released } = make({});
  const buffer = new TextEncoder().encode("first");
  outbox.add("a", buffer, undefined);
  buffer.fill(0x2e);
  assert.deepEqual(released(), ["a=first"]);
});

void test("headers take room, too", () => {
  const { outbox } = make({});
  const values = headers();
  values.set("trace", "0123456789");
  outbox.add("s", "1", { headers: values });
  assert.equal(outbox.bytes, 17);
});

void test("what waits when the connection is closed is counted as dropped", () => {
  const { outbox, drops, released } = make({});
  outbox.abandon();
  outbox.add("a", "1", undefined);
  outbox.abandon();
  assert.deepEqual(drops, ["1 closed"]);
  assert.deepEqual([outbox.size, outbox.bytes, outbox.dropped], [0, 0, 1]);
  assert.deepEqual(released(), []);
});

void test("a full outbox refuses, and says how much waits", () => {
  const { outbox, released } = make({ maxBytes: 10 });
  outbox.add("a", "12345678", undefined);
  assert.throws(
    () => outbox.add("a", "12", undefined),
    (error) =>
      isKeyturnError(error) &&
      error.code === "OUTBOX_FULL" &&
      error.message ===
        "There is no connection, and 1 messages (9 bytes) wait already; the bound is 10 bytes. Wait for the connection, or give the outbox more room.",
  );
  assert.deepEqual(released(), ["a=12345678"]);
});

void test("`drop-oldest` makes room and counts", () => {
  const { outbox, drops, released } = make({
    maxBytes: 6,
    whenFull: "drop-oldest",
  });
  for (const text of ["11", "22", "33"]) outbox.add("a", text, undefined);
  assert.deepEqual(released(), ["a=22", "a=33"]);
  assert.deepEqual(drops, ["1 full"]);
  outbox.add("a", "much too long", undefined);
  assert.equal(outbox.dropped, 2);
});

void test("`drop-new` keeps what waits and counts", () => {
  const { outbox, drops, released } = make({
    maxBytes: 6,
    whenFull: "drop-new",
  });
  for (const text of ["11", "22", "33"]) outbox.add("a", text, undefined);
  assert.deepEqual(released(), ["a=11", "a=22"]);
  assert.deepEqual(drops, ["1 full"]);
});

void test("what has waited too long is dropped and counted", () => {
  mock.timers.enable({ apis: ["Date"], now: 1000 });
  try {
    const { outbox, drops, released } = make({ maxAgeMs: 100 });
    outbox.add("a", "old", undefined);
    mock.timers.tick(101);
    outbox.add("a", "new", undefined);
    assert.deepEqual(released(), ["a=new"]);
    assert.deepEqual(drops, ["1 age"]);
  } finally {
    mock.timers.reset();
  }
});

void test("a message that the new server refuses is counted, and the others go", () => {
  const { outbox, drops } = make({});
  outbox.add("big", "x", undefined);
  outbox.add("small", "x", undefined);
  const sent: string[] = [];
  outbox.release((entry) => {
    if (entry.subject === "big") throw new Error("max_payload");
    sent.push(entry.subject);
  });
  assert.deepEqual(sent, ["small"]);
  assert.deepEqual(drops, ["1 refused"]);
});
