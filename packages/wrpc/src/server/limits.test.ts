import assert from "node:assert/strict";

import type { Result } from "../values/index.js";
import { describe, it } from "node:test";

import { until } from "@keyturn/testkit";

import { client, implement, serve } from "../index.js";

import {
  handlerInterface,
  Lab,
  RawCaller,
  text,
  unhex,
} from "../testing/lab.test.js";

import {
  prefix,
  subject,
  target,
  hello,
  helloBytes,
  ok,
  missing,
  sayOk,
  quiet,
  Gate,
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

describe("limits", () => {
  it("of running and waiting calls; parameters are taken all the same", async () => {
    await using lab = await Lab.start({ maxPayload: 256 });
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const gate = new Gate();
    await using served = await serve(ours, {
      prefix,
      ...gate.implementation,
      limits: { maxRunning: 2, maxWaiting: 3 },
    });
    const echo = client(theirs, target);
    const body = text("x".repeat(600));
    const calls = Array.from({ length: 8 }, () =>
      echo.handleMessage({ ...hello, body }),
    );
    const outcomes = Promise.allSettled(calls);
    await until("refusals", 2000, () => served.stats.refused === 3);
    assert.equal(served.stats.running, 2);
    assert.equal(served.stats.waiting, 3);
    assert.equal(served.stats.receiving, 0);
    for (let done = 1; done <= 5; done++) {
      gate.open(1);
      await until("the next", 2000, () => served.stats.succeeded === done);
      assert.equal(gate.calls.length, Math.min(5, done + 2));
    }
    const states = (await outcomes).map((outcome) =>
      outcome.status === "rejected" ? outcome.reason.code : outcome.value.tag,
    );
    assert.deepEqual(states, [
      ...Array<string>(5).fill("ok"),
      ...Array<string>(3).fill("WRPC_RESULT_MISSING"),
    ]);
    assert.deepEqual(served.stats, {
      ...quiet,
      received: 8,
      succeeded: 5,
      refused: 3,
    });
    assert.deepEqual(told()[0], [
      "call-refused",
      "warn",
      "WRPC_CALL_REFUSED",
      "handle-message",
      `A call to \`${subject}\` was refused: \`maxWaiting\` (3) is reached. Serve with more members in the queue group, or raise the limit that the message names.`,
    ]);
  });

  it("of calls whose parameters are coming", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    await using served = await serve(ours, {
      prefix,
      ...sayOk,
      limits: { maxReceiving: 2 },
    });
    const callers = Array.from({ length: 3 }, (_, i) => {
      const caller = new RawCaller(theirs, `raw.${i}`);
      caller.invoke(subject, helloBytes.subarray(0, 3));
      return caller;
    });
    const [first, , third] = callers;
    assert.deepEqual(await third?.end(), [""]);
    assert.equal(third?.handshakes, 1);
    assert.equal(served.stats.refused, 1);
    await first?.handshake();
    first?.params(helloBytes.subarray(3));
    assert.deepEqual(await first?.end(), ["00", ""]);
    assert.equal(served.stats.receiving, 1);
  });

  it("of bytes held for all calls together", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const gate = new Gate();
    await using served = await serve(ours, {
      prefix,
      ...gate.implementation,
      limits: { maxHeldBytes: 10_000 },
    });
    const echo = client(theirs, target);
    const send = (size: number): Promise<unknown> =>
      echo.handleMessage({ subject: "a", body: new Uint8Array(size) });
    // Coming: 6,000 bytes of 20,000 announced.
    const raw = new RawCaller(theirs, "raw.1");
    raw.invoke(subject, unhex("0161a09c01"));
    await raw.handshake();
    raw.params(new Uint8Array(6000));
    const running = send(3000);
    await until("the call", 2000, () => served.stats.running === 1);
    assert.equal(served.stats.heldBytes, 5 + 6000 + 3005);
    await assert.rejects(send(2000), missing);
    assert.equal(served.stats.heldBytes, 5 + 6000 + 3005);
    raw.params(new Uint8Array(4000));
    assert.deepEqual(await raw.end(), [""]);
    assert.equal(served.stats.heldBytes, 3005);
    gate.open(1);
    assert.deepEqual(await running, ok);
    assert.deepEqual(served.stats, {
      ...quiet,
      received: 3,
      succeeded: 1,
      refused: 2,
    });
  });

  it("hold for handlers that answer at once, however many wait", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    let running = 0;
    let most = 0;
    let open: (() => void) | undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    await using served = await serve(ours, {
      prefix,
      ...implement(handlerInterface, {
        handleMessage: (message) => {
          most = Math.max(most, ++running);
          const done = (): Result<undefined, string> => {
            running--;
            return { tag: "ok" };
          };
          return message.subject === "first" ? opened.then(done) : done();
        },
      }),
      limits: { maxRunning: 1, maxWaiting: 100_000 },
    });
    const echo = client(theirs, { ...target });
    const calls = Array.from({ length: 5000 }, (_, i) =>
      echo.handleMessage({ ...hello, subject: i === 0 ? "first" : "next" }),
    );
    await until("all calls", 5000, () => served.stats.waiting === 4999);
    open?.();
    await Promise.all(calls);
    assert.equal(most, 1);
    assert.equal(served.stats.succeeded, 5000);
  });
});
