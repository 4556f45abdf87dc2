import assert from "node:assert/strict";
import { test } from "node:test";

import { Copies } from "./copies.js";

const utf8 = new TextEncoder();

function message(
  sid: number,
  subject: string,
  reply?: string,
): Parameters<Copies["record"]>[0] {
  const base = { sid, subject: utf8.encode(subject), hdr: -1, size: 0 };
  return reply === undefined ? base : { ...base, reply: utf8.encode(reply) };
}

void test("a message that the old socket delivered is a copy, once", () => {
  const copies = new Copies();
  copies.record(message(1, "a"), utf8.encode("x"));
  assert.equal(copies.isCopy(message(1, "a"), utf8.encode("x")), true);
  assert.equal(copies.isCopy(message(1, "a"), utf8.encode("x")), false);
  assert.equal(copies.dropped, 1);
});

void test("messages alike are counted, not merged", () => {
  const copies = new Copies();
  for (let i = 0; i < 3; i++) copies.record(message(1, "a"), utf8.encode("x"));
  const results = Array.from({ length: 4 }, () =>
    copies.isCopy(message(1, "a"), utf8.encode("x")),
  );
  assert.deepEqual(results, [true, true, true, false]);
});

void test("another subscription, subject, reply or body is another message", () => {
  const copies = new Copies();
  copies.record(message(1, "a", "r"), utf8.encode("x"));
  assert.equal(copies.isCopy(message(2, "a", "r"), utf8.encode("x")), false);
  assert.equal(copies.isCopy(message(1, "b", "r"), utf8.encode("x")), false);
  assert.equal(copies.isCopy(message(1, "a", "s"), utf8.encode("x")), false);
  assert.equal(copies.isCopy(message(1, "a", "r"), utf8.encode("y")), false);
  assert.equal(copies.isCopy(message(1, "a", "r"), utf8.encode("x")), true);
});

void test("JetStream messages are told apart by their reply subject alone", () => {
  const copies = new Copies();
  const ack = "$JS.ACK.S.C.1.10.10.1700000000000000000.0";
  copies.record(message(1, "a", ack), utf8.encode("same"));
  assert.equal(
    copies.isCopy(
      message(1, "a", ack.replace(".10.10.", ".11.11.")),
      utf8.encode("same"),
    ),
    false,
  );
  assert.equal(copies.isCopy(message(1, "a", ack), utf8.encode("same")), true);
});

void test("what came before the subscription was confirmed is forgotten, the rest is owed", () => {
  const copies = new Copies();
  const body = utf8.encode("tick");
  copies.record(message(1, "a"), body);
  copies.confirm([1]);
  copies.record(message(1, "a"), body);
  copies.record(message(2, "a"), body);
  assert.equal(copies.owed, 1);
  copies.forgetOpen();
  assert.equal(copies.isCopy(message(2, "a"), body), false);
  assert.equal(copies.isCopy(message(1, "a"), body), true);
  assert.equal(copies.isCopy(message(1, "a"), body), false);
  assert.equal(copies.owed, 0);
});
