import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { until } from "@keyturn/testkit";

import { client, inboxStats, serve, type Call } from "../index.js";
import { Lab, RawCaller, unhex } from "../testing/lab.test.js";

import {
  prefix,
  subject,
  target,
  hello,
  ok,
  Gate,
} from "../testing/served.test.js";

describe("drain", () => {
  it("finishes what was taken and takes no more", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const gate = new Gate();
    const served = await serve(ours, {
      prefix,
      ...gate.implementation,
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
    // Behind the end of the subscription on the same connection.
    await ours.flush();
    await assert.rejects(echo.handleMessage(hello), {
      code: "WRPC_NO_RESPONDER",
    });
    assert.equal(over, false);
    gate.open();
    await until("the others", 2000, () => gate.calls.length === 4);
    gate.open();
    assert.deepEqual(await Promise.all(calls), Array(4).fill(ok));
    assert.equal(over, false);
    raw.params(unhex("610000"));
    await until("the last", 2000, () => gate.calls.length === 5);
    gate.open();
    assert.deepEqual(await drained, { unfinished: 0 });
    assert.deepEqual(await raw.end(), ["00", ""]);
    assert.equal(inboxStats(ours).open, 0);
  });

  it("ends what does not finish in time", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const gate = new Gate();
    const served = await serve(ours, {
      prefix,
      ...gate.implementation,
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
    const { signal } = gate.calls[0] as Call;
    assert.equal(signal.aborted, false);

    assert.deepEqual(await served.drain(50), { unfinished: 4 });
    assert.equal(signal.aborted, true);
    assert.equal(gate.calls[0]?.signal.aborted, true);
    for (const outcome of await outcomes)
      assert.equal(
        outcome.status === "rejected" && outcome.reason.code,
        "WRPC_RESULT_MISSING",
      );
    assert.deepEqual(await raw.end(), [""]);
    // A late answer goes nowhere.
    gate.open();
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
    const served = await serve(ours, { prefix, ...new Gate().implementation });
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
    const gate = new Gate();
    const served = await serve(ours, { prefix, ...gate.implementation });
    const echo = client(theirs, { ...target, deadlines: { callMs: 300 } });
    const outcome = Promise.allSettled([echo.handleMessage(hello)]);
    const raw = new RawCaller(theirs, "raw.1");
    raw.invoke(subject, unhex("01"));
    await raw.handshake();
    await until("the call", 2000, () => gate.calls.length === 1);
    const { signal } = gate.calls[0] as Call;
    await ours.close();
    await until("the end", 2000, () => signal.aborted);
    gate.open();
    const { stats } = served;
    assert.equal(stats.unfinished, 2);
    assert.equal(stats.unsent, 2);
    assert.equal(stats.running + stats.receiving, 0);
    assert.deepEqual(await served.drain(1000), { unfinished: 0 });
    const [settled] = await outcome;
    assert.equal(settled?.status, "rejected");
  });
});
