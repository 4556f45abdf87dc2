import assert from "node:assert/strict";
import { it } from "node:test";

import { until } from "@keyturn/testkit";
import fc from "fast-check";

import {
  client,
  implement,
  inboxStats,
  isWrpcError,
  serve,
  wrpcInterface,
  func,
} from "./index.js";
import {
  brokerMessage,
  empty,
  hex,
  Lab,
  RawCallee,
} from "./testing/lab.test.js";
import {
  bool,
  list,
  option,
  result,
  string,
  tuple,
  u16,
  variant,
} from "./values/index.js";

// Small types, so that random bytes often get far.
const described = wrpcInterface("a:b/c", {
  f: func(
    [list(tuple(bool, u16)), option(string)],
    result(variant({ a: undefined, b: list(bool) }), brokerMessage),
  ),
});
const subject = "p.wrpc.0.0.1.a:b/c.f";

const streams = (count: number): Uint8Array[][] =>
  fc.sample(
    fc.array(fc.uint8Array({ minLength: 1, maxLength: 12, max: 4 }), {
      minLength: 1,
      maxLength: 4,
    }),
    count,
  );

it("a server answers each of a thousand random callers, and goes on", async () => {
  await using lab = await Lab.start();
  const [ours, theirs] = [await lab.connect(), await lab.connect()];
  await using served = await serve(ours, {
    prefix: "p",
    ...implement(described, { f: () => ({ tag: "ok", val: { tag: "a" } }) }),
    limits: { maxReceiving: 2000 },
  });
  const results = new Map<string, string[]>();
  let handshakes = 0;
  const calls = streams(1000);
  theirs.subscribe("fuzz.*", {
    callback: (_error, message) => {
      handshakes++;
      const [, ...rest] = calls[Number(message.subject.split(".")[1])] ?? [];
      for (const chunk of [...rest, empty])
        theirs.publish(`${message.reply ?? ""}.params`, chunk);
    },
  });
  theirs.subscribe("fuzz.*.results", {
    callback: (_error, message) => {
      const got = results.get(message.subject) ?? [];
      results.set(message.subject, [...got, hex(message.data)]);
    },
  });
  calls.forEach(([first = empty], i) => {
    theirs.publish(subject, first, { reply: `fuzz.${i}` });
  });
  await until(
    "all ends",
    10_000,
    () =>
      results.size === calls.length &&
      [...results.values()].every((got) => got.at(-1) === ""),
  );
  assert.equal(handshakes, calls.length);
  for (const got of results.values())
    assert.ok(["", "0000,"].includes(got.join()), got.join());
  const { stats } = served;
  assert.ok(stats.succeeded > 10 && stats.invalid > 10);
  assert.equal(stats.succeeded + stats.invalid, calls.length);
  assert.equal(stats.heldBytes, 0);
  assert.equal(inboxStats(ours).open, 0);
});

it("a client settles each of a thousand calls to random callees", async () => {
  await using lab = await Lab.start();
  const [ours, theirs] = [await lab.connect(), await lab.connect()];
  const answers = streams(1000);
  const callee = new RawCallee(theirs, subject, (message) => {
    theirs.publish(message.reply ?? "", empty, { reply: "nowhere" });
    callee.results(message, ...(answers.pop() ?? []), empty);
  });
  await theirs.flush();
  const { f } = client(ours, { prefix: "p", interface: described });
  const outcomes = await Promise.allSettled(
    Array.from({ length: answers.length }, () => f([], undefined)),
  );
  const codes = new Map<string, number>();
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") assert.ok(isWrpcError(outcome.reason));
    const code =
      outcome.status === "rejected" ? outcome.reason.code : outcome.value.tag;
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  assert.ok((codes.get("ok") ?? 0) > 10);
  assert.deepEqual(
    [...codes.keys()].toSorted(),
    ["WRPC_PROTOCOL_FAULT", "WRPC_RESULT_TRUNCATED", "err", "ok"].filter(
      (code) => codes.has(code),
    ),
  );
  assert.equal(inboxStats(ours).open, 0);
});
