import assert from "node:assert/strict";
import { test } from "node:test";

import { Match } from "@nats-io/nats-core";
import fc from "fast-check";

import { MsgHdrsImpl } from "./nats-core.js";
import { ReadHeaders } from "./read-headers.js";

const names = [
  "a",
  "A",
  "source-id",
  "Source-Id",
  "Nats-Msg-Id",
  "b",
  "missing",
  "a:b",
  "",
];
const line = fc
  .tuple(
    fc.constantFrom("a", "A", "source-id", "Source-Id", "Nats-Msg-Id", "b"),
    fc.constantFrom(":", ": ", ":  "),
    fc.stringMatching(/^[ -~é€]{0,12}$/),
  )
  .map((parts) => parts.join(""));
const block = fc
  .tuple(
    fc.constantFrom(
      "NATS/1.0",
      "NATS/1.0",
      "NATS/1.0 503",
      "NATS/1.0 100 Idle Heartbeat",
      "NATS/1.0 ",
    ),
    fc.array(line, { maxLength: 5 }),
  )
  .map(([first, lines]) => Buffer.from([first, ...lines, "", ""].join("\r\n")));

const looks: readonly ((headers: MsgHdrsImpl | ReadHeaders) => unknown)[] = [
  ...names.flatMap((name) => [
    (headers: MsgHdrsImpl | ReadHeaders) => headers.get(name),
    (headers: MsgHdrsImpl | ReadHeaders) => headers.has(name),
    (headers: MsgHdrsImpl | ReadHeaders) => headers.last(name),
    (headers: MsgHdrsImpl | ReadHeaders) => headers.values(name),
    (headers: MsgHdrsImpl | ReadHeaders) => headers.has(name, Match.IgnoreCase),
    (headers: MsgHdrsImpl | ReadHeaders) =>
      (headers as ReadHeaders).get(name, Match.IgnoreCase),
  ]),
  (headers) => headers.code,
  (headers) => headers.description,
  (headers) => headers.status,
  (headers) => headers.hasError,
  (headers) => headers.keys(),
  (headers) => [...headers],
  (headers) => headers.toRecord(),
  (headers) => headers.size(),
  (headers) => headers.toString(),
  (headers) => Buffer.from(headers.encode()).toString(),
  (headers) => headers.append("a", "more"),
  (headers) => headers.set("b", "other"),
  (headers) => headers.delete("source-id"),
];

test("it says what nats.js' headers say, in whatever order they are asked and changed", () => {
  const order = fc.array(fc.nat(looks.length - 1), { maxLength: 30 });
  fc.assert(
    fc.property(block, order, (bytes, asked) => {
      const ours = new ReadHeaders(bytes);
      const stock = MsgHdrsImpl.decode(bytes);
      for (const i of asked) {
        const look = looks[i] as (typeof looks)[number];
        assert.deepEqual(look(ours), look(stock));
      }
      assert.ok(ours.equals(stock));
    }),
    { numRuns: 500 },
  );
});

test("a value with a line break is refused, as by nats.js", () => {
  const bytes = Buffer.from("NATS/1.0\r\na: x\ny\r\nb: z\r\n\r\n");
  assert.throws(() => new ReadHeaders(bytes).get("a"), /cannot contain/);
});
