import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { client, implement, serve } from "./index.js";
import {
  consumerInterface,
  empty,
  Lab,
  RawCallee,
  RawCaller,
  text,
  unhex,
} from "./testing/lab.test.js";

const request =
  "default.nats-msg.wrpc.0.0.1.wasmcloud:messaging/consumer@0.2.0.request";
const ping = "08 73 76 63 2e 65 63 68 6f 04 70 69 6e 67 d0 0f";
const pong = "00 0b 5f 49 4e 42 4f 58 2e 51 78 2e 31 04 70 6f 6e 67 00";

describe("exchanges cut at every byte position", () => {
  it("the client puts results together", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const consumer = client(ours, {
      prefix: "default.nats-msg",
      interface: consumerInterface,
    });
    const whole = unhex(pong);
    let chunks: readonly Uint8Array[] = [];
    const callee = new RawCallee(theirs, request, (message) => {
      callee.accept(message);
      callee.results(message, ...chunks, empty);
    });
    await theirs.flush();
    const cuts = [
      ...Array.from({ length: whole.length - 1 }, (_, i) => [
        whole.subarray(0, i + 1),
        whole.subarray(i + 1),
      ]),
      Array.from(whole, (byte) => Uint8Array.of(byte)),
      [whole, text("bytes behind the value")],
    ];
    for (chunks of cuts)
      assert.deepEqual(await consumer.request("svc.echo", text("ping"), 2000), {
        tag: "ok",
        val: { subject: "_INBOX.Qx.1", body: text("pong"), replyTo: undefined },
      });
    for (let cut = 1; cut < whole.length; cut++) {
      chunks = [whole.subarray(0, cut)];
      await assert.rejects(consumer.request("svc.echo", text("ping"), 2000), {
        code: "WRPC_RESULT_TRUNCATED",
        message: `The call to \`${request}\`: the result ended after ${cut} bytes, before it was complete. Check the connection of both sides for reconnects, and that both use the same version of the interface.`,
      });
    }
  });

  it("the server puts parameters together", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const got: unknown[] = [];
    await using served = await serve(ours, {
      prefix: "default.nats-msg",
      ...implement(consumerInterface, {
        publish: () => ({ tag: "ok" }),
        request: (...params) => {
          got.push(params.slice(0, 3));
          return { tag: "err", val: "" };
        },
      }),
    });
    const whole = unhex(ping);
    const last = whole.length - 1;
    const cuts = [
      ...Array.from({ length: whole.length }, (_, i) => [
        whole.subarray(0, i),
        whole.subarray(i),
      ]),
      Array.from(whole, (byte) => Uint8Array.of(byte)),
      [whole.subarray(0, last), text("\u000fbytes behind the value")],
    ];
    let calls = 0;
    for (const [first, ...rest] of cuts) {
      const caller = new RawCaller(theirs, `raw.caller.${++calls}`);
      caller.invoke(request, first ?? empty);
      await caller.handshake();
      for (const chunk of rest) caller.params(chunk);
      caller.params(empty);
      assert.deepEqual(await caller.end(), ["0100", ""]);
      assert.equal(caller.handshakes, 1);
    }
    assert.deepEqual(
      got,
      cuts.map(() => ["svc.echo", text("ping"), 2000]),
    );
    for (let cut = 0; cut < whole.length; cut++) {
      const caller = new RawCaller(theirs, `raw.caller.${++calls}`);
      caller.invoke(request, whole.subarray(0, cut));
      await caller.handshake();
      caller.params(empty);
      assert.deepEqual(await caller.end(), [""]);
    }
    assert.equal(served.stats.invalid, whole.length);
    assert.equal(served.stats.heldBytes, 0);
  });
});
