import assert from "node:assert/strict";
import { test } from "node:test";

import { DeliverySubjects } from "./delivery-subjects.js";

function learning(): { subjects: DeliverySubjects; told: string[] } {
  const told: string[] = [];
  return {
    subjects: new DeliverySubjects((subject) => void told.push(subject)),
    told,
  };
}

const consumer = (subject: string): string =>
  JSON.stringify({ stream_name: "S", config: { deliver_subject: subject } });

void test("a consumer that is made says where it delivers, under any API prefix", () => {
  const { subjects, told } = learning();
  for (const [index, api] of [
    "$JS.API",
    "$JS.hub.API",
    "imported.js",
  ].entries()) {
    subjects.published(`${api}.CONSUMER.CREATE.S.c`, consumer(`to.${index}`), {
      reply: "r",
    });
    subjects.published(
      `${api}.CONSUMER.DURABLE.CREATE.S.c`,
      Buffer.from(consumer(`to.${index}`)),
      { reply: "r" },
    );
    assert.equal(subjects.has(`to.${index}`), true);
  }
  assert.deepEqual(told, ["to.0", "to.1", "to.2"]);
});

void test("the answer about a consumer says it, once, and nobody else's does", () => {
  const { subjects, told } = learning();
  const answer = Buffer.from(consumer("to.here"));
  subjects.received(Buffer.from("r.1"), answer);
  assert.equal(subjects.isWaiting, false);
  subjects.published("$JS.API.CONSUMER.INFO.S.c", "", { reply: "r.1" });
  assert.equal(subjects.isWaiting, true);
  subjects.received(Buffer.from("r.2"), answer);
  assert.deepEqual(told, []);
  subjects.received(Buffer.from("r.1"), answer);
  assert.deepEqual(told, ["to.here"]);
  assert.equal(subjects.isWaiting, false);
});

void test("what is no request about consumers is not looked at", () => {
  const { subjects, told } = learning();
  subjects.published("$JS.API.CONSUMER.CREATE.S.c", consumer("to"), undefined);
  subjects.published("$JS.API.CONSUMER.MSG.NEXT.S.c", consumer("to"), {
    reply: "r",
  });
  subjects.published("orders.new", consumer("to"), { reply: "r" });
  assert.deepEqual(told, []);
  assert.equal(subjects.isWaiting, false);
});
