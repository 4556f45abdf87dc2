import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { until } from "@keyturn/testkit";
import { headers as natsHeaders } from "@nats-io/nats-core";

import { client, inboxStats } from "../index.js";
import { func, wrpcInterface } from "../interface/wrpc-interface.js";
import {
  empty,
  handlerInterface,
  Lab,
  RawCallee,
  text,
  unhex,
} from "../testing/lab.test.js";
import { tuple, unit } from "../values/index.js";

const subject =
  "default.echo.wrpc.0.0.1.wasmcloud:messaging/handler@0.2.0.handle-message";
const hello = { subject: "orders.new", body: text("hello") };

const target = { prefix: "default.echo", interface: handlerInterface } as const;
const ok = { tag: "ok", val: undefined };

describe("a callee that breaks the protocol", () => {
  const next =
    "Check that both sides speak wRPC 0.0.1 and use the same version of the interface.";
  const rows: readonly [
    string,
    (callee: RawCallee, invocation: RawCallee["invocations"][0]) => void,
    string,
  ][] = [
    [
      "no reply subject in the handshake",
      (_, message) => message.respond(empty),
      "the handshake has no usable reply subject.",
    ],
    [
      "a reply subject that would break our connection",
      (_, message) => message.respond(empty, { reply: "x".repeat(3900) }),
      "the handshake has no usable reply subject.",
    ],
    [
      "a status",
      (_, message) =>
        message.respond(empty, { headers: natsHeaders(409, "Terminated") }),
      "the NATS server answered with status 409.",
    ],
    [
      "a result that does not decode",
      (callee, message) => {
        callee.accept(message);
        callee.results(message, Uint8Array.of(2));
      },
      "handle-message result: a result that is neither 0 nor 1.",
    ],
    [
      "a text that is not UTF-8, in two pieces",
      (callee, message) => {
        callee.accept(message);
        callee.results(message, Uint8Array.of(1, 2, 0xc3), Uint8Array.of(0x28));
      },
      "handle-message result.err: a string that is not UTF-8.",
    ],
  ];
  for (const [name, act, message] of rows)
    it(name, async () => {
      await using lab = await Lab.start();
      const [ours, theirs] = [await lab.connect(), await lab.connect()];
      const callee: RawCallee = new RawCallee(theirs, subject, (invocation) => {
        act(callee, invocation);
      });
      await theirs.flush();
      const echo = client(ours, target);
      await assert.rejects(echo.handleMessage(hello), {
        name: "WrpcError",
        code: "WRPC_PROTOCOL_FAULT",
        message: `The call to \`${subject}\`: ${message} ${next}`,
      });
      // The connection has survived it.
      await ours.flush();
      assert.equal(inboxStats(ours).open, 0);
    });

  it("a result larger than the limit", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const callee = new RawCallee(theirs, subject, (message) => {
      callee.accept(message);
      callee.results(message, unhex("01 ff ff ff ff 0f"), empty);
    });
    await theirs.flush();
    const echo = client(ours, { ...target, limits: { maxBytes: 1000 } });
    await assert.rejects(echo.handleMessage(hello), {
      code: "WRPC_VALUE_TOO_LARGE",
      message: `The call to \`${subject}\`: handle-message result.err: 4294967295 bytes announced, more than \`maxBytes\` (1000) allows. Raise the named limit if values of this size are wanted.`,
    });
  });

  it("a handshake that comes after the result", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const callee = new RawCallee(theirs, subject, (message) => {
      callee.results(message, Uint8Array.of(0), empty);
    });
    await theirs.flush();
    const echo = client(ours, target);
    assert.deepEqual(await echo.handleMessage(hello), ok);
    const [invocation] = callee.invocations;
    assert.ok(invocation);
    const params = callee.accept(invocation);
    await until("the end of the parameters", 2000, () => params.at(-1) === "");
  });

  it("a second handshake, which gets nothing", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const params: string[][] = [];
    const callee = new RawCallee(theirs, subject, (message) => {
      params.push(callee.accept(message), callee.accept(message));
    });
    await theirs.flush();
    const call = client(ours, target).handleMessage(hello);
    await until("the end of the parameters", 2000, () => params[0]?.[0] === "");
    const [invocation] = callee.invocations;
    assert.ok(invocation);
    callee.results(invocation, Uint8Array.of(0), empty);
    assert.deepEqual(await call, ok);
    assert.deepEqual(params, [[""], []]);
  });

  it("garbage on every subject of the inbox", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const callee = new RawCallee(theirs, subject);
    await theirs.flush();
    const echo = client(ours, target);
    const answer = echo.handleMessage(hello);
    const [invocation] = await until(
      "the call",
      2000,
      () => callee.invocations.length > 0 && callee.invocations,
    );
    const inbox = invocation?.reply ?? "";
    const base = inbox.slice(0, inbox.lastIndexOf("."));
    const garbage = [
      `${base}.x`,
      `${base}.€€€€${"x".repeat(18)}`,
      `${base}.!!!!${"x".repeat(18)}.results`,
      `${inbox}.`.concat("params2"),
      `${inbox}.results.0`,
      `${inbox}xresults`,
      `${inbox}.resultz`,
      `${inbox}.params`,
    ];
    const late = [
      `${base}.${"A".repeat(22)}`,
      `${base}.${"_".repeat(22)}.results`,
      `${inbox.slice(0, -1)}!.results`,
    ];
    for (const to of [...garbage, ...late])
      theirs.publish(to, unhex("01 ff ff ff ff ff"));
    if (invocation === undefined) return;
    callee.accept(invocation);
    callee.results(invocation, Uint8Array.of(0), empty);
    assert.deepEqual(await answer, ok);
    await theirs.flush();
    await ours.flush();
    assert.deepEqual(inboxStats(ours), {
      open: 0,
      // One more: the end of the results.
      late: late.length + 1,
      garbage: garbage.length,
    });
  });
});

describe("results", () => {
  it("of functions that return no bytes end with the stream", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const described = wrpcInterface("a:b/c", {
      none: func([]),
      emptyUnit: func([], unit),
      emptyTuple: func([], tuple()),
    });
    let chunks: readonly Uint8Array[] = [empty];
    const callee = new RawCallee(theirs, "p.wrpc.0.0.1.a:b/c.*", (message) => {
      callee.accept(message);
      callee.results(message, ...chunks);
    });
    await theirs.flush();
    const it = client(ours, { prefix: "p", interface: described });
    assert.equal(await it.none(), undefined);
    assert.equal(await it.emptyUnit(), undefined);
    assert.deepEqual(await it.emptyTuple(), []);
    chunks = [text("extra"), empty];
    assert.equal(await it.none(), undefined);
  });
});
