import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { until } from "@keyturn/testkit";

import { client, implement, inboxStats, serve, type Call } from "../index.js";
import type { Result } from "../values/index.js";
import {
  handlerInterface,
  Lab,
  RawCaller,
  text,
  unhex,
} from "../testing/lab.test.js";

const prefix = "default.echo";
const subject =
  "default.echo.wrpc.0.0.1.wasmcloud:messaging/handler@0.2.0.handle-message";
const hello = { subject: "orders.new", body: text("hello") };
const target = { prefix, interface: handlerInterface } as const;
const ok = { tag: "ok", val: undefined };

/** A handler whose calls end when the test says so. */
function gate(): {
  implementation: ReturnType<typeof implement<typeof handlerInterface.funcs>>;
  calls: Call[];
  open: () => void;
} {
  const calls: Call[] = [];
  const waiting: ((value: Result<undefined, string>) => void)[] = [];
  return {
    calls,
    implementation: implement(handlerInterface, {
      handleMessage: (_message, call) => {
        calls.push(call);
        return new Promise((resolve) => {
          waiting.push(resolve);
        });
      },
    }),
    open: () => {
      for (const resolve of waiting.splice(0)) resolve({ tag: "ok" });
    },
  };
}

describe("drain", () => {
  it("finishes what was taken and takes no more", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const { implementation, open } = gate();
    const served = await serve(ours, {
      prefix,
      ...implementation,
      limits: { maxRunning: 2 },
    });
    const echo = client(theirs, target);
    const calls = Array.from({ length: 4 }, () => echo.handleMessage(hello));
    const raw = new RawCaller(theirs, "raw.1");
    raw.invoke(subject, unhex("01"));
    await raw.handshake();
    await until("the calls", 2000, () => served.stats.waiting === 2);

    let over = false;
    const drained = served.drain(5000).then((outcome) => {
      over = true;
      return outcome;
    });
    await until("the end of the subscription", 2000, () =>
      echo.handleMessage(hello).then(
        () => false,
        (error: { code: string }) => error.code === "WRPC_NO_RESPONDER",
      ),
    ).catch(() => undefined);
    assert.equal(over, false);
    open();
    await until("the others", 2000, () => served.stats.running === 2);
    open();
    assert.deepEqual(await Promise.all(calls), Array(4).fill(ok));
    assert.equal(over, false);
    raw.params(unhex("610000"));
    await until("the last", 2000, () => served.stats.running === 1);
    open();
    assert.deepEqual(await drained, { unfinished: 0 });
    assert.deepEqual(await raw.end(), ["00", ""]);
    assert.equal(inboxStats(ours).open, 0);
  });

  it("ends what does not finish in time", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const { implementation, calls, open } = gate();
    const served = await serve(ours, {
      prefix,
      ...implementation,
      limits: { maxRunning: 1 },
    });
    const echo = client(theirs, target);
    const outcomes = Promise.allSettled(
      Array.from({ length: 3 }, () => echo.handleMessage(hello)),
    );
    const raw = new RawCaller(theirs, "raw.1");
    raw.invoke(subject, unhex("01"));
    await raw.handshake();
    await until("the calls", 2000, () => served.stats.waiting === 2);
    const { signal } = calls[0] as Call;
    assert.equal(signal.aborted, false);

    assert.deepEqual(await served.drain(50), { unfinished: 4 });
    assert.equal(signal.aborted, true);
    assert.equal(calls[0]?.signal.aborted, true);
    for (const outcome of await outcomes)
      assert.equal(
        outcome.status === "rejected" && outcome.reason.code,
        "WRPC_RESULT_MISSING",
      );
    assert.deepEqual(await raw.end(), [""]);
    // A late answer goes nowhere.
    open();
    await theirs.flush();
    assert.deepEqual(raw.results, [""]);
    const { stats } = served;
    assert.equal(stats.unfinished, 4);
    assert.equal(stats.succeeded, 0);
    assert.equal(stats.heldBytes, 0);
    assert.equal(inboxStats(ours).open, 0);
    await served.close();
    await served.close();
    assert.deepEqual(await served.drain(50), { unfinished: 0 });
  });

  it("does not wait for a connection that is down", async () => {
    await using lab = await Lab.start();
    const ours = await lab.connect({
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
    });
    const served = await serve(ours, { prefix, ...gate().implementation });
    await lab.server.stop();
    await until("the loss", 5000, () => {
      const { info } = ours;
      return info === undefined;
    });
    const start = performance.now();
    assert.deepEqual(await served.drain(100), { unfinished: 0 });
    assert.ok(performance.now() - start < 5000);
  });
});

describe("the end of a connection", () => {
  it("ends the calls on it", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const { implementation, calls, open } = gate();
    const served = await serve(ours, { prefix, ...implementation });
    const echo = client(theirs, { ...target, deadlines: { callMs: 300 } });
    const outcome = Promise.allSettled([echo.handleMessage(hello)]);
    const raw = new RawCaller(theirs, "raw.1");
    raw.invoke(subject, unhex("01"));
    await raw.handshake();
    await until("the call", 2000, () => calls.length === 1);
    const { signal } = calls[0] as Call;
    await ours.close();
    await until("the end", 2000, () => signal.aborted);
    open();
    const { stats } = served;
    assert.equal(stats.unfinished, 2);
    assert.equal(stats.unsent, 2);
    assert.equal(stats.running + stats.receiving, 0);
    assert.deepEqual(await served.drain(1000), { unfinished: 0 });
    const [settled] = await outcome;
    assert.equal(settled?.status, "rejected");
  });
});
