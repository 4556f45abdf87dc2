import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { until } from "@keyturn/testkit";

import { client, implement, serve } from "./index.js";
import {
  consumerInterface,
  empty,
  handlerInterface,
  Lab,
  recordAll,
  text,
  type Seen,
} from "./testing/lab.test.js";
import { func, wrpcInterface } from "./interface/wrpc-interface.js";

const handleMessage =
  "default.echo.wrpc.0.0.1.wasmcloud:messaging/handler@0.2.0.handle-message";
const publish =
  "default.nats-msg.wrpc.0.0.1.wasmcloud:messaging/consumer@0.2.0.publish";
const request =
  "default.nats-msg.wrpc.0.0.1.wasmcloud:messaging/consumer@0.2.0.request";
const order = "0a 6f 72 64 65 72 73 2e 6e 65 77 05 68 65 6c 6c 6f 00";
const orderWithReply =
  "0a 6f 72 64 65 72 73 2e 6e 65 77 05 68 65 6c 6c 6f 01 09 5f 49 4e 42 4f 58 2e 72 31";
const ping = "08 73 76 63 2e 65 63 68 6f 04 70 69 6e 67 d0 0f";
const pong = "00 0b 5f 49 4e 42 4f 58 2e 51 78 2e 31 04 70 6f 6e 67 00";

const hello = { subject: "orders.new", body: text("hello") };
const fromProvider = { "source-id": "nats-msg", "target-id": "echo" };
const fromComponent = { "source-id": "echo", "link-name": "default" };

type Line = readonly [
  from: "client" | "server",
  subject: string,
  reply: string,
  payload: string,
  headers?: Readonly<Record<string, string>>,
];

/** What went over the wire, with C and S for the two inboxes; each side's messages in order. */
function wire(seen: readonly Seen[], subject: string): Line[] {
  const invocation = seen.find((message) => message.subject === subject);
  assert.ok(invocation);
  const inboxOfClient = invocation.reply;
  assert.match(inboxOfClient, /^_INBOX\.\w{22}\.[\w-]{22}$/);
  const handshake = seen.find((message) => message.subject === inboxOfClient);
  assert.ok(handshake);
  const inboxOfServer = handshake.reply;
  assert.match(inboxOfServer, /^_INBOX\.\w{22}\.[\w-]{22}$/);
  assert.notEqual(inboxOfClient, inboxOfServer);
  const short = (name: string): string =>
    name.replace(inboxOfClient, "C").replace(inboxOfServer, "S");
  const lines = seen.map((message): Line => {
    const to = short(message.subject);
    return [
      to.startsWith("C") ? "server" : "client",
      to,
      short(message.reply),
      message.payload,
      message.headers,
    ];
  });
  return [
    ...lines.filter(([from]) => from === "client"),
    ...lines.filter(([from]) => from === "server"),
  ];
}

const bare = (digits: string): string => digits.replaceAll(" ", "");

/** A call with one message each way. */
function simple(
  subject: string,
  headers: Readonly<Record<string, string>>,
  params: string,
  result: string,
): Line[] {
  return [
    ["client", subject, "C", bare(params), headers],
    ["client", "S.params", "", "", {}],
    ["server", "C", "S", "", {}],
    ...(result === ""
      ? []
      : [["server", "C.results", "", bare(result), {}] as Line]),
    ["server", "C.results", "", "", {}],
  ];
}

describe("worked exchanges, seen by a bystander", () => {
  it("handle-message: ok, an error, with tracing, and a failing callee", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const seen = await recordAll(await lab.connect());
    await using _served = await serve(theirs, {
      prefix: "default.echo",
      ...implement(handlerInterface, {
        handleMessage: (message) => {
          switch (message.subject) {
            case "orders.new":
              return { tag: "ok" };
            case "boom":
              return { tag: "err", val: "boom" };
            default:
              throw new Error("trap");
          }
        },
      }),
    });
    const { handleMessage: call } = client(ours, {
      prefix: "default.echo",
      interface: handlerInterface,
      headers: fromProvider,
    });

    assert.deepEqual(await call(hello), { tag: "ok", val: undefined });
    await until("all messages", 2000, () => seen.length === 5);
    assert.deepEqual(
      wire(seen.splice(0), handleMessage),
      simple(handleMessage, fromProvider, order, "00"),
    );

    const trace = {
      traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      tracestate: "",
    };
    await call(hello, { headers: trace });
    await until("all messages", 2000, () => seen.length === 5);
    assert.deepEqual(
      wire(seen.splice(0), handleMessage),
      simple(handleMessage, { ...fromProvider, ...trace }, order, "00"),
    );

    assert.deepEqual(await call({ subject: "boom", body: empty }), {
      tag: "err",
      val: "boom",
    });
    await until("all messages", 2000, () => seen.length === 5);
    assert.deepEqual(
      wire(seen.splice(0), handleMessage),
      simple(
        handleMessage,
        fromProvider,
        "04 62 6f 6f 6d 00 00",
        "01 04 62 6f 6f 6d",
      ),
    );

    await assert.rejects(call({ subject: "a", body: empty }), {
      code: "WRPC_RESULT_MISSING",
      message: `The call to \`${handleMessage}\` ended without a result. Look at the callee's log; the protocol carries no reason.`,
    });
    await until("all messages", 2000, () => seen.length === 4);
    assert.deepEqual(
      wire(seen.splice(0), handleMessage),
      simple(handleMessage, fromProvider, "01 61 00 00", ""),
    );
  });

  it("publish and request, with their errors", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const seen = await recordAll(await lab.connect());
    const timedOut = "nats request timed out: deadline has elapsed";
    const nobody = "nats send error: no responders: no responders";
    await using _served = await serve(theirs, {
      prefix: "default.nats-msg",
      ...implement(consumerInterface, {
        publish: (message) =>
          message.subject === ""
            ? { tag: "err", val: "invalid subject" }
            : { tag: "ok" },
        request: async (subject) =>
          subject === "svc.echo"
            ? { tag: "ok", val: { subject: "_INBOX.Qx.1", body: text("pong") } }
            : { tag: "err", val: subject === "slow" ? timedOut : nobody },
      }),
    });
    const consumer = client(ours, {
      prefix: "default.nats-msg",
      interface: consumerInterface,
      headers: fromComponent,
    });
    const rows: readonly [() => Promise<unknown>, unknown, Line[]][] = [
      [
        () => consumer.publish({ ...hello, replyTo: "_INBOX.r1" }),
        { tag: "ok", val: undefined },
        simple(publish, fromComponent, orderWithReply, "00"),
      ],
      [
        () => consumer.publish({ subject: "", body: text("x") }),
        { tag: "err", val: "invalid subject" },
        simple(
          publish,
          fromComponent,
          "00 01 78 00",
          "01 0f 69 6e 76 61 6c 69 64 20 73 75 62 6a 65 63 74",
        ),
      ],
      [
        () => consumer.request("svc.echo", text("ping"), 2000),
        {
          tag: "ok",
          val: {
            subject: "_INBOX.Qx.1",
            body: text("pong"),
            replyTo: undefined,
          },
        },
        simple(request, fromComponent, ping, pong),
      ],
      [
        () => consumer.request("slow", text("ping"), 2000),
        { tag: "err", val: timedOut },
        simple(
          request,
          fromComponent,
          "04 73 6c 6f 77 04 70 69 6e 67 d0 0f",
          "01 2c 6e 61 74 73 20 72 65 71 75 65 73 74 20 74 69 6d 65 64 20 6f 75 74 3a 20 64 65 61 64 6c 69 6e 65 20 68 61 73 20 65 6c 61 70 73 65 64",
        ),
      ],
      [
        () => consumer.request("none", text("ping"), 2000),
        { tag: "err", val: nobody },
        simple(
          request,
          fromComponent,
          "04 6e 6f 6e 65 04 70 69 6e 67 d0 0f",
          "01 2d 6e 61 74 73 20 73 65 6e 64 20 65 72 72 6f 72 3a 20 6e 6f 20 72 65 73 70 6f 6e 64 65 72 73 3a 20 6e 6f 20 72 65 73 70 6f 6e 64 65 72 73",
        ),
      ],
    ];
    for (const [call, expected, lines] of rows) {
      assert.deepEqual(await call(), expected);
      await until("all messages", 2000, () => seen.length === 5);
      const [[, subject] = ["", ""]] = lines;
      assert.deepEqual(wire(seen.splice(0), subject), lines);
    }
  });

  it("no responder", async () => {
    await using lab = await Lab.start();
    const connection = await lab.connect();
    const ghost = client(connection, {
      prefix: "default.ghost",
      interface: handlerInterface,
    });
    await assert.rejects(ghost.handleMessage(hello), {
      code: "WRPC_NO_RESPONDER",
      message:
        "Nobody is subscribed to `default.ghost.wrpc.0.0.1.wasmcloud:messaging/handler@0.2.0.handle-message`. Check that the callee is running, that its id and lattice are right and that it exports the function; the call did not reach anybody and is safe to repeat.",
    });
  });

  it("parameters over max_payload", async () => {
    await using lab = await Lab.start({ maxPayload: 256 });
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const seen = await recordAll(await lab.connect());
    let body: Uint8Array | undefined;
    await using _served = await serve(theirs, {
      prefix: "default.echo",
      ...implement(handlerInterface, {
        handleMessage: (message) => {
          ({ body } = message);
          return { tag: "ok" };
        },
      }),
    });
    const { handleMessage: call } = client(ours, {
      prefix: "default.echo",
      interface: handlerInterface,
      headers: fromProvider,
    });
    const sent = text("a".repeat(400));
    await call({ subject: "orders.new", body: sent });
    assert.deepEqual(body, sent);
    await until("all messages", 2000, () => seen.length === 7);
    assert.deepEqual(wire(seen, handleMessage), [
      [
        "client",
        handleMessage,
        "C",
        bare("0a 6f 72 64 65 72 73 2e 6e 65 77 90 03") + "61".repeat(141),
        fromProvider,
      ],
      ["client", "S.params", "", "61".repeat(256), {}],
      ["client", "S.params", "", "61616100", {}],
      ["client", "S.params", "", "", {}],
      ["server", "C", "S", "", {}],
      ["server", "C.results", "", "00", {}],
      ["server", "C.results", "", "", {}],
    ]);
  });

  it("a result over max_payload", async () => {
    await using lab = await Lab.start({ maxPayload: 256 });
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const seen = await recordAll(await lab.connect());
    const val = { subject: "_INBOX.Qx.1", body: text("b".repeat(600)) };
    await using _served = await serve(theirs, {
      prefix: "default.nats-msg",
      ...implement(consumerInterface, {
        publish: () => ({ tag: "ok" }),
        request: () => ({ tag: "ok", val }),
      }),
    });
    const consumer = client(ours, {
      prefix: "default.nats-msg",
      interface: consumerInterface,
      headers: fromComponent,
    });
    assert.deepEqual(await consumer.request("svc.echo", text("ping"), 2000), {
      tag: "ok",
      val: { ...val, replyTo: undefined },
    });
    await until("all messages", 2000, () => seen.length === 7);
    assert.deepEqual(wire(seen, request), [
      ["client", request, "C", bare(ping), fromComponent],
      ["client", "S.params", "", "", {}],
      ["server", "C", "S", "", {}],
      [
        "server",
        "C.results",
        "",
        bare("00 0b 5f 49 4e 42 4f 58 2e 51 78 2e 31 d8 04") + "62".repeat(241),
        {},
      ],
      ["server", "C.results", "", "62".repeat(256), {}],
      ["server", "C.results", "", "62".repeat(103) + "00", {}],
      ["server", "C.results", "", "", {}],
    ]);
  });

  it("headers so long that no parameters fit beside them", async () => {
    await using lab = await Lab.start({ maxPayload: 256 });
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const seen = await recordAll(await lab.connect());
    await using _served = await serve(theirs, {
      prefix: "default.echo",
      ...implement(handlerInterface, { handleMessage: () => ({ tag: "ok" }) }),
    });
    const { handleMessage: call } = client(ours, {
      prefix: "default.echo",
      interface: handlerInterface,
    });
    // 10 + 2 + name 1 + 4 + value: 250 bytes leave 6, less than the inbox takes.
    const headers = { x: "y".repeat(233) };
    assert.deepEqual(await call(hello, { headers }), {
      tag: "ok",
      val: undefined,
    });
    await until("all messages", 2000, () => seen.length === 6);
    assert.deepEqual(wire(seen, handleMessage).slice(0, 2), [
      ["client", handleMessage, "C", "", headers],
      ["client", "S.params", "", bare(order), {}],
    ]);
    await assert.rejects(call(hello, { headers: { x: "y".repeat(240) } }), {
      code: "WRPC_HEADER_INVALID",
      message:
        "The headers take 257 bytes, more than the server's `max_payload` (256). Correct the header: names of visible ASCII without a colon, values without control characters.",
    });
  });

  it("a function without parameters and result", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const seen = await recordAll(await lab.connect());
    const nothing = wrpcInterface("", { doNothing: func([]) });
    await using _served = await serve(theirs, {
      prefix: "",
      queue: "q",
      interface: nothing,
      handlers: { doNothing: () => undefined },
    });
    const { doNothing } = client(ours, { prefix: "", interface: nothing });
    assert.equal(await doNothing(), undefined);
    await until("all messages", 2000, () => seen.length === 4);
    assert.deepEqual(
      wire(seen, "wrpc.0.0.1.do-nothing"),
      simple("wrpc.0.0.1.do-nothing", {}, "", ""),
    );
  });
});
