import assert from "node:assert/strict";

import { describe, it } from "node:test";

import { until } from "@keyturn/testkit";

import { client, implement, inboxStats, serve } from "../index.js";
import { func, wrpcInterface } from "../interface/wrpc-interface.js";
import { empty, Lab, RawCaller, unhex } from "../testing/lab.test.js";
import { list, tuple, u8, unit } from "../values/index.js";

import {
  prefix,
  subject,
  target,
  hello,
  helloBytes,
  ok,
  sayOk,
  quiet,
  eventsOfTest,
} from "../testing/served.test.js";

const events = eventsOfTest();

function told(): unknown[] {
  return events.map(({ type, level, code, func: name, message }) => [
    type,
    level,
    code,
    name,
    message,
  ]);
}

describe("callers", () => {
  it("that stall hold up nobody and are dropped in time", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    await using served = await serve(ours, {
      prefix,
      ...sayOk,
      limits: { paramsMs: 600 },
    });
    const stalled = Array.from({ length: 20 }, (_, i) => {
      const caller = new RawCaller(theirs, `stalled.${i}`);
      caller.invoke(subject, helloBytes.subarray(0, i % 17));
      return caller;
    });
    const echo = client(theirs, target);
    assert.deepEqual(await echo.handleMessage(hello), ok);
    assert.equal(served.stats.receiving, 20);
    // Garbage at their inboxes changes nothing.
    theirs.publish(await (stalled[0] as RawCaller).handshake(), helloBytes);
    theirs.publish(
      `${await (stalled[1] as RawCaller).handshake()}.results`,
      helloBytes,
    );
    theirs.publish(
      `${await (stalled[2] as RawCaller).handshake()}.params.0`,
      helloBytes,
    );
    for (const caller of stalled) assert.deepEqual(await caller.end(), [""]);
    assert.deepEqual(served.stats, {
      ...quiet,
      received: 21,
      succeeded: 1,
      timedOut: 20,
    });
    assert.deepEqual(told()[3], [
      "params-timeout",
      "warn",
      "WRPC_PARAMS_TIMEOUT",
      "handle-message",
      `The parameters of a call to \`${subject}\` did not come within 600 ms; 3 bytes had come. Check the caller and its connection.`,
    ]);
    assert.equal(inboxStats(ours).open, 0);
    assert.equal(inboxStats(ours).garbage, 3);
    // What comes now is late, and nothing else.
    stalled[0]?.params(helloBytes);
    assert.deepEqual(await echo.handleMessage(hello), ok);
  });

  it("that send what is no value are told so and shown", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    await using served = await serve(ours, {
      prefix,
      ...sayOk,
      limits: { maxBytes: 1000 },
    });
    const rows = [
      [
        ["02c328"],
        "params-invalid",
        "WRPC_VALUE_MALFORMED",
        "handle-message params[0].subject: a string that is not UTF-8.",
      ],
      [
        ["02c3", "28"],
        "params-invalid",
        "WRPC_VALUE_MALFORMED",
        "handle-message params[0].subject: a string that is not UTF-8.",
      ],
      [
        ["016100", "02"],
        "params-invalid",
        "WRPC_VALUE_MALFORMED",
        "handle-message params[0].replyTo: an option that is neither 0 nor 1.",
      ],
      [
        ["0161ffffffff0f"],
        "params-invalid",
        "WRPC_VALUE_TOO_LARGE",
        "handle-message params[0].body: 4294967295 bytes announced, more than `maxBytes` (1000) allows.",
      ],
      [
        ["0161", ""],
        "params-invalid",
        "WRPC_VALUE_TRUNCATED",
        "handle-message params: ended after 2 bytes, before they were complete.",
      ],
      [
        ["", ""],
        "params-invalid",
        "WRPC_VALUE_TRUNCATED",
        "handle-message params: ended after 0 bytes, before they were complete.",
      ],
    ] as const;
    for (const [[first, ...rest]] of rows) {
      const caller = new RawCaller(theirs, `raw.${Math.random()}`);
      caller.invoke(subject, unhex(first));
      await caller.handshake();
      for (const chunk of rest) caller.params(unhex(chunk));
      assert.deepEqual(await caller.end(), [""]);
    }
    assert.deepEqual(
      events.map(({ type, code, message }) => [
        type,
        code,
        `${message.split(". ")[0] ?? ""}.`,
      ]),
      rows.map(([, type, code, message]) => [type, code, message]),
    );
    assert.deepEqual(served.stats, {
      ...quiet,
      received: rows.length,
      invalid: rows.length,
    });
  });

  it("that cannot be answered are counted", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    await using served = await serve(ours, { prefix, ...sayOk });
    theirs.publish(subject, helloBytes);
    // With a word before and after it this is too long for a line of the NATS protocol.
    theirs.publish(subject, helloBytes, { reply: "x".repeat(3900) });
    await theirs.flush();
    const echo = client(theirs, target);
    assert.deepEqual(await echo.handleMessage(hello), ok);
    assert.deepEqual(served.stats, {
      ...quiet,
      received: 3,
      succeeded: 1,
      unusable: 2,
    });
    assert.deepEqual(
      events.map(({ message }) => message.split(". ")[0]),
      [
        `An invocation of \`${subject}\` has no reply subject`,
        `An invocation of \`${subject}\` has too long a reply subject`,
      ],
    );
  });

  it("that answer themselves end nowhere", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    await using served = await serve(ours, { prefix, ...sayOk });
    theirs.publish(subject, helloBytes, { reply: subject });
    // The handshake comes in as a call without parameters, and waits for them.
    await until("both", 2000, () => served.stats.received === 2);
    await ours.flush();
    assert.equal(served.stats.receiving, 1);
    assert.equal(served.stats.received, 2);
  });
});

it("values of no bytes cost no more than their elements", async () => {
  await using lab = await Lab.start();
  const [ours, theirs] = [await lab.connect(), await lab.connect()];
  const described = wrpcInterface("a:b/c", {
    f: func([list(tuple(unit, unit)), u8], u8),
  });
  await using served = await serve(ours, {
    prefix: "p",
    ...implement(described, { f: (_, n) => n }),
  });
  const caller = new RawCaller(theirs, "raw.1");
  caller.invoke("p.wrpc.0.0.1.a:b/c.f", unhex("ffffffff0f01"));
  assert.deepEqual(await caller.end(), [""]);
  assert.equal(served.stats.invalid, 1);
  assert.equal(empty.length, 0);
});
