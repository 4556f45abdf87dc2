import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { until } from "@keyturn/testkit";

import { client, clientStats, inboxStats } from "../index.js";
import { func, wrpcInterface } from "../interface/wrpc-interface.js";
import {
  empty,
  handlerInterface,
  hex,
  Lab,
  RawCallee,
  text,
} from "../testing/lab.test.js";
import { list, string, u32 } from "../values/index.js";

const subject =
  "default.echo.wrpc.0.0.1.wasmcloud:messaging/handler@0.2.0.handle-message";
const hello = { subject: "orders.new", body: text("hello") };
const helloBytes = "0a6f72646572732e6e65770568656c6c6f00";
const target = { prefix: "default.echo", interface: handlerInterface } as const;
const ok = { tag: "ok", val: undefined };

const mayRunTwice = "repeat the call only if it may run twice.";

describe("deadlines", () => {
  it("of the handshake; the parameters are completed all the same", async () => {
    await using lab = await Lab.start({ maxPayload: 256 });
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const callee = new RawCallee(theirs, subject);
    await theirs.flush();
    const echo = client(ours, { ...target, deadlines: { handshakeMs: 60 } });
    await assert.rejects(
      echo.handleMessage({ ...hello, body: text("x".repeat(300)) }),
      {
        code: "WRPC_HANDSHAKE_TIMEOUT",
        message: `The call to \`${subject}\` was not accepted within the handshake deadline. Check that the callee is alive and not overloaded, or raise the handshake deadline; ${mayRunTwice}`,
      },
    );
    assert.equal(clientStats(echo).abandoned, 1);
    assert.equal(clientStats(echo).outstanding, 0);

    const [invocation] = callee.invocations;
    assert.ok(invocation);
    const params = callee.accept(invocation);
    await until("the end of the parameters", 2000, () => params.at(-1) === "");
    assert.equal(
      hex(invocation.data) + params.join(""),
      `0a${hex(text("orders.new"))}ac02${"78".repeat(300)}00`,
    );
    assert.equal(clientStats(echo).abandoned, 0);
    assert.equal(inboxStats(ours).open, 0);
    // A second handshake finds nobody.
    callee.accept(invocation);
    await theirs.flush();
    await ours.flush();
    assert.equal(inboxStats(ours).late, 1);
  });

  it("passed by many large calls do not fill the memory", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const callee = new RawCallee(theirs, subject);
    await theirs.flush();
    const echo = client(ours, { ...target, deadlines: { handshakeMs: 60 } });
    const body = new Uint8Array(25_000_000);
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map(() => echo.handleMessage({ ...hello, body })),
    );
    assert.ok(outcomes.every(({ status }) => status === "rejected"));
    // 64 MiB are kept for callees that may still come.
    assert.equal(clientStats(echo).abandoned, 2);
    assert.equal(inboxStats(ours).open, 2);
    await until("the invocations", 5_000, () => {
      return callee.invocations.length === 3;
    });
  });

  it("of the call", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const callee = new RawCallee(theirs, subject, (message) => {
      callee.accept(message);
      callee.results(message, Uint8Array.of(1, 5, 0x61));
    });
    await theirs.flush();
    const timeout = {
      code: "WRPC_CALL_TIMEOUT",
      message: `The call to \`${subject}\` had no result within its deadline. Check the callee, or raise the call deadline; ${mayRunTwice}`,
    };
    const hasty = client(ours, { ...target, deadlines: { callMs: 60 } });
    await assert.rejects(hasty.handleMessage(hello), timeout);
    const patient = client(ours, target);
    await assert.rejects(
      patient.handleMessage(hello, { deadlineMs: 60 }),
      timeout,
    );
    assert.equal(inboxStats(ours).open, 0);
    for (const deadlineMs of [0, -1, NaN])
      await assert.rejects(patient.handleMessage(hello, { deadlineMs }), {
        code: "WRPC_OPTION_INVALID",
        message:
          "Option `deadlineMs` must be a number of milliseconds above 0. Correct the option in the code.",
      });
  });

  it("of a call that is shorter than that of the handshake", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const callee = new RawCallee(theirs, subject);
    await theirs.flush();
    const echo = client(ours, target);
    await assert.rejects(echo.handleMessage(hello, { deadlineMs: 60 }), {
      code: "WRPC_CALL_TIMEOUT",
    });
    const [invocation] = callee.invocations;
    assert.ok(invocation);
    const params = callee.accept(invocation);
    await until("the end of the parameters", 2000, () => params.at(-1) === "");
  });
});

describe("a call is not sent", () => {
  it("with parameters that do not fit their types", async () => {
    await using lab = await Lab.start();
    const connection = await lab.connect();
    const described = wrpcInterface("a:b/c", { f: func([list(u32), string]) });
    const { f } = client(connection, { prefix: "p", interface: described });
    await assert.rejects(f([1, -1], "x"), {
      code: "WRPC_VALUE_INVALID",
      message:
        "f params[0][1]: expected u32 (0 to 4294967295), got a number out of range. Correct the value at the path that the message names.",
    });
    const untyped = f as (...args: unknown[]) => Promise<void>;
    await assert.rejects(untyped([1]), {
      message:
        "f params: expected 2 elements, got 1. Correct the value at the path that the message names.",
    });
    await assert.rejects(untyped([1], "x", {}, 4), {
      message:
        "f params: expected 2 elements, got 4. Correct the value at the path that the message names.",
    });
  });

  it("with headers that cannot be sent", async () => {
    await using lab = await Lab.start();
    const connection = await lab.connect();
    const echo = client(connection, target);
    for (const [name, value] of [
      ["a b", ""],
      ["", ""],
      ["a:b", ""],
      ["ä", ""],
      ["a", "b\r\nc: d"],
      ["a", "b\u0000"],
      ["a", "\ud800"],
    ] as const) {
      const expected = {
        code: "WRPC_HEADER_INVALID",
        message: `Header ${JSON.stringify(name)} cannot be sent. Correct the header: names of visible ASCII without a colon, values without control characters.`,
      };
      const headers = { [name]: value };
      await assert.rejects(echo.handleMessage(hello, { headers }), expected);
      assert.throws(() => client(connection, { ...target, headers }), expected);
    }
  });

  it("when too many are outstanding", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const callee = new RawCallee(theirs, subject);
    await theirs.flush();
    const echo = client(ours, { ...target, limits: { maxOutstanding: 2 } });
    const calls = [echo.handleMessage(hello), echo.handleMessage(hello)];
    await assert.rejects(echo.handleMessage(hello), {
      code: "WRPC_OVERLOADED",
      message:
        "2 calls are outstanding, as many as `maxOutstanding` allows. Call less at a time, or raise `limits.maxOutstanding`; this call was not sent.",
    });
    await until("the calls", 2000, () => callee.invocations.length === 2);
    for (const invocation of callee.invocations) {
      callee.accept(invocation);
      callee.results(invocation, Uint8Array.of(0), empty);
    }
    assert.deepEqual(await Promise.all(calls), [ok, ok]);
    assert.deepEqual(clientStats(echo), {
      sent: 2,
      succeeded: 2,
      failed: 0,
      notSent: 1,
      unsent: 0,
      outstanding: 0,
      abandoned: 0,
    });
  });
});

describe("headers", () => {
  it("of a call join those of the client and replace their namesakes", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const callee = new RawCallee(theirs, subject, (message) => {
      callee.accept(message);
      callee.results(message, Uint8Array.of(0));
    });
    await theirs.flush();
    const echo = client(ours, {
      ...target,
      headers: { "source-id": "me", "link-name": "default" },
    });
    await echo.handleMessage(hello, { headers: { traceparent: "t", b: "é" } });
    await echo.handleMessage(hello, { headers: { "link-name": " other " } });
    await echo.handleMessage(hello, { headers: {} });
    const bare = client(ours, target);
    await bare.handleMessage(hello);
    await bare.handleMessage(hello, { headers: { a: "" } });
    assert.deepEqual(
      callee.invocations.map((message) =>
        message.headers === undefined ? [] : [...message.headers],
      ),
      [
        [
          ["source-id", ["me"]],
          ["link-name", ["default"]],
          ["traceparent", ["t"]],
          ["b", ["é"]],
        ],
        [
          ["source-id", ["me"]],
          ["link-name", ["other"]],
        ],
        [
          ["source-id", ["me"]],
          ["link-name", ["default"]],
        ],
        [],
        [["a", [""]]],
      ],
    );
    assert.ok(callee.invocations.every(({ data }) => hex(data) === helloBytes));
  });
});

describe("an abort signal", () => {
  it("ends the wait, before and after the call is sent", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const callee = new RawCallee(theirs, subject);
    await theirs.flush();
    const echo = client(ours, target);
    const controller = new AbortController();
    const { signal } = controller;
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => {
      warnings.push(warning);
    };
    process.on("warning", onWarning);

    const calls = Array.from({ length: 30 }, () =>
      echo.handleMessage(hello, { signal }),
    );
    await until("the calls", 2000, () => callee.invocations.length === 30);
    const reason = new Error("shutdown");
    controller.abort(reason);
    for (const outcome of await Promise.allSettled(calls)) {
      assert.equal(outcome.status, "rejected");
      assert.equal(outcome.reason.code, "WRPC_CALL_ABORTED");
      assert.equal(
        outcome.reason.message,
        `The call to \`${subject}\` was aborted. Expect that the callee may run the call all the same.`,
      );
      assert.equal(outcome.reason.cause, reason);
    }
    await assert.rejects(echo.handleMessage(hello, { signal }), {
      message: `The call to \`${subject}\` was aborted before it was sent. Expect that the callee may run the call all the same.`,
    });
    assert.equal(clientStats(echo).notSent, 1);

    // The callee still gets what it needs to go on.
    const ends = callee.invocations.map((message) => callee.accept(message));
    await until("the ends of the parameters", 2000, () =>
      ends.every((params) => params.at(-1) === ""),
    );
    assert.equal(inboxStats(ours).open, 0);
    process.off("warning", onWarning);
    assert.deepEqual(warnings, []);
  });

  it("that does not fire is left as it was", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const callee = new RawCallee(theirs, subject, (message) => {
      callee.accept(message);
      callee.results(message, Uint8Array.of(0), empty);
    });
    await theirs.flush();
    const echo = client(ours, target);
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    await Promise.all([
      echo.handleMessage(hello, { signal }),
      echo.handleMessage(hello, { signal }),
    ]);
    assert.equal(listeners, 0);
  });
});
