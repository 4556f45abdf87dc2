import assert from "node:assert/strict";
import { test } from "node:test";

import type { Msg } from "@nats-io/nats-core";

import { Overlap } from "./overlap.js";

const message = (text: string, subject = "a", reply?: string): Msg =>
  ({ subject, reply, data: Buffer.from(text) }) as unknown as Msg;

function overlapped() {
  const delivered: string[] = [];
  const overlap = new Overlap(({ data }) => {
    delivered.push(Buffer.from(data).toString());
  });
  return { overlap, delivered };
}

test("each message once, what the new side got while the old one went on included", () => {
  const { overlap, delivered } = overlapped();
  overlap.old(message("1"));
  overlap.fresh(message("2"));
  overlap.old(message("2"));
  overlap.fresh(message("3"));
  assert.deepEqual(delivered, ["1", "2"]);
  overlap.release();
  assert.deepEqual(delivered, ["1", "2", "3"]);
  overlap.fresh(message("4"));
  overlap.end();
  overlap.fresh(message("1"));
  assert.deepEqual(delivered, ["1", "2", "3", "4", "1"]);
});

test("messages alike are counted, another subject, reply or body is another message", () => {
  const { overlap, delivered } = overlapped();
  const long = "x".repeat(1000);
  for (const one of [message("t"), message("t"), message(long)])
    overlap.old(one);
  for (const one of [
    message("t"),
    message("t"),
    message("t"),
    message("t", "b"),
    message("t", "a", "r"),
    message(long),
    message(`${long}y`),
  ])
    overlap.fresh(one);
  overlap.end();
  assert.deepEqual(delivered.slice(3), ["t", "t", "t", `${long}y`]);
});
