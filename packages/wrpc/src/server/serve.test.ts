import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, it } from "node:test";
import { inspect } from "node:util";

import { until } from "@keyturn/testkit";

import {
  client,
  implement,
  inboxStats,
  serve,
  wrpcEventChannel,
  type Call,
  type Fault,
  type ServerStats,
  type WrpcEvent,
} from "../index.js";
import { func, wrpcInterface } from "../interface/wrpc-interface.js";
import {
  empty,
  handlerInterface,
  Lab,
  RawCaller,
  text,
  unhex,
} from "../testing/lab.test.js";
import { list, string, tuple, u8, unit, type Result } from "../values/index.js";

const prefix = "default.echo";
const subject =
  "default.echo.wrpc.0.0.1.wasmcloud:messaging/handler@0.2.0.handle-message";
const hello = { subject: "orders.new", body: text("hello") };
const helloBytes = unhex("0a6f72646572732e6e65770568656c6c6f00");
const target = { prefix, interface: handlerInterface } as const;
const ok = { tag: "ok", val: undefined };
const sayOk = implement(handlerInterface, {
  handleMessage: () => ({ tag: "ok" }),
});
const missing = { code: "WRPC_RESULT_MISSING" };

const quiet: ServerStats = {
  received: 0,
  succeeded: 0,
  faulted: 0,
  invalid: 0,
  timedOut: 0,
  refused: 0,
  unusable: 0,
  unfinished: 0,
  unsent: 0,
  receiving: 0,
  waiting: 0,
  running: 0,
  heldBytes: 0,
};

let events: WrpcEvent[] = [];
const onEvent = (event: unknown): void => {
  events.push(event as WrpcEvent);
};
beforeEach(() => {
  events = [];
  subscribe(wrpcEventChannel, onEvent);
});
afterEach(() => {
  unsubscribe(wrpcEventChannel, onEvent);
});

function told(): unknown[] {
  return events.map(({ type, level, code, func: name, message }) => [
    type,
    level,
    code,
    name,
    message,
  ]);
}

/** A handler whose calls end when the test says so. */
class Gate {
  readonly calls: Call[] = [];
  readonly #open: ((value: Result<undefined, string>) => void)[] = [];
  readonly implementation = implement(handlerInterface, {
    handleMessage: (_message, call) => {
      this.calls.push(call);
      return new Promise((resolve) => {
        this.#open.push(resolve);
      });
    },
  });

  open(count: number): void {
    for (const resolve of this.#open.splice(0, count)) resolve({ tag: "ok" });
  }
}

describe("a call", () => {
  it("tells the handler where it comes from", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    let seen: unknown[] = [];
    const handlers = {
      name: "mine",
      handleMessage(_message: unknown, call: Call): Result<undefined, string> {
        seen = [
          this.name,
          call.headers?.get("source-id"),
          call.subject,
          call.instance,
          call.func,
          call.signal.aborted,
        ];
        return { tag: "ok" };
      },
    };
    await using _served = await serve(ours, { ...target, handlers });
    const echo = client(theirs, { ...target, headers: { "source-id": "me" } });
    await echo.handleMessage(hello);
    assert.deepEqual(seen, [
      "mine",
      "me",
      subject,
      "wasmcloud:messaging/handler@0.2.0",
      "handle-message",
      false,
    ]);
  });

  it("is shared out among the members of a queue group", async () => {
    await using lab = await Lab.start();
    const theirs = await lab.connect();
    const first = await serve(await lab.connect(), { prefix, ...sayOk });
    const second = await serve(await lab.connect(), { prefix, ...sayOk });
    const apart = await serve(await lab.connect(), {
      prefix,
      queue: "apart",
      ...sayOk,
    });
    const echo = client(theirs, target);
    await Promise.all(
      Array.from({ length: 100 }, () => echo.handleMessage(hello)),
    );
    await until("all calls", 2000, () => apart.stats.received === 100);
    assert.equal(first.stats.received + second.stats.received, 100);
    assert.ok(first.stats.received > 0 && second.stats.received > 0);
  });
});

/** A promise that is not one of ours. */
class Thenable {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- that is the point
  then(done: (value: string) => void): void {
    done(this.#value);
  }
}

describe("faults of a handler", () => {
  const described = wrpcInterface("a:b/c", { f: func([string], string) });
  const faulty = implement(described, {
    f: (how) => {
      switch (how) {
        case "throws":
          throw new Error("reason");
        case "rejects":
          return Promise.reject(new Error("reason"));
        case "unfit":
          return "lone \ud800";
        case "async unfit":
          return Promise.resolve(1 as unknown as string);
        default:
          return new Thenable(how) as unknown as Promise<string>;
      }
    },
  });
  const threw =
    "The handler of `p.wrpc.0.0.1.a:b/c.f` threw. Look at the cause; to send an error value instead, return one from the handler or from `onFault`.";
  const unfit = "Correct the value at the path that the message names.";
  const rows = [
    ["throws", "WRPC_HANDLER_FAILED", threw],
    ["rejects", "WRPC_HANDLER_FAILED", threw],
    [
      "unfit",
      "WRPC_VALUE_INVALID",
      `f result: expected a string, got a string with a lone surrogate. ${unfit}`,
    ],
    [
      "async unfit",
      "WRPC_VALUE_INVALID",
      `f result: expected a string, got a number. ${unfit}`,
    ],
  ] as const;

  it("end the call without a result, are counted and told", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    await using served = await serve(ours, { prefix: "p", ...faulty });
    const { f } = client(theirs, { prefix: "p", interface: described });
    for (const [how] of rows) await assert.rejects(f(how), missing);
    assert.equal(await f("thenable"), "thenable");
    assert.deepEqual(
      told(),
      rows.map(([, code, message]) => [
        "handler-failed",
        "error",
        code,
        "f",
        message,
      ]),
    );
    assert.match(inspect(events[0]?.error), /\[cause\]: Error: reason/);
    assert.deepEqual(served.stats, {
      ...quiet,
      received: 5,
      succeeded: 1,
      faulted: 4,
    });
  });

  it("can be turned into results", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const faults: Fault[] = [];
    await using _served = await serve(ours, {
      prefix: "p",
      ...faulty,
      onFault: (fault) => {
        faults.push(fault);
        return `${fault.call.func}: ${fault.error.code}`;
      },
    });
    const { f } = client(theirs, { prefix: "p", interface: described });
    for (const [how, code] of rows) assert.equal(await f(how), `f: ${code}`);
    assert.equal(faults.length, rows.length);
  });

  it("in the turning of faults are told, too", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const substitutes: (() => string | undefined)[] = [
      () => {
        throw new Error("again");
      },
      () => 1 as unknown as string,
      () => undefined,
    ];
    await using _served = await serve(ours, {
      prefix: "p",
      ...faulty,
      onFault: () => substitutes.shift()?.(),
    });
    const { f } = client(theirs, { prefix: "p", interface: described });
    for (let i = 0; i < 3; i++) await assert.rejects(f("throws"), missing);
    assert.deepEqual(
      events.map(({ message }) => message.split(" ").slice(0, 5).join(" ")),
      [
        "The handler of `p.wrpc.0.0.1.a:b/c.f` threw.",
        "`onFault` for `p.wrpc.0.0.1.a:b/c.f` threw or",
        "The handler of `p.wrpc.0.0.1.a:b/c.f` threw.",
        "`onFault` for `p.wrpc.0.0.1.a:b/c.f` threw or",
        "The handler of `p.wrpc.0.0.1.a:b/c.f` threw.",
      ],
    );
  });
});

describe("callers", () => {
  it("that stall hold up nobody and are dropped in time", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    await using served = await serve(ours, {
      prefix,
      ...sayOk,
      limits: { paramsMs: 150 },
    });
    const stalled = Array.from({ length: 20 }, (_, i) => {
      const caller = new RawCaller(theirs, `stalled.${i}`);
      caller.invoke(subject, helloBytes.subarray(0, i % 17));
      return caller;
    });
    const echo = client(theirs, target);
    assert.deepEqual(await echo.handleMessage(hello), ok);
    assert.equal(served.stats.receiving, 20);
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
      `The parameters of a call to \`${subject}\` did not come within 150 ms; 3 bytes had come. Check the caller and its connection.`,
    ]);
    assert.equal(inboxStats(ours).open, 0);
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
    let wait: Promise<void> | undefined = new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
    await using served = await serve(ours, {
      prefix,
      ...implement(handlerInterface, {
        handleMessage: async () => {
          most = Math.max(most, ++running);
          await wait;
          wait = undefined;
          running--;
          return { tag: "ok" };
        },
      }),
      limits: { maxRunning: 1, maxWaiting: 100_000 },
    });
    const echo = client(theirs, { ...target });
    await Promise.all(
      Array.from({ length: 5000 }, () => echo.handleMessage(hello)),
    );
    assert.equal(most, 1);
    assert.equal(served.stats.succeeded, 5000);
  });
});

describe("the options of serve", () => {
  it("are checked", async () => {
    await using lab = await Lab.start();
    const connection = await lab.connect();
    const next = "Correct the option in the code.";
    const rows: readonly [object, string][] = [
      [
        { prefix: "a b" },
        "Prefix `a b` cannot be part of a NATS subject: it holds a blank or a control character.",
      ],
      [
        { prefix: "a.>" },
        "Prefix `a.>` cannot be part of a NATS subject: it holds a wildcard.",
      ],
      [
        { prefix: "a..b" },
        "Prefix `a..b` cannot be part of a NATS subject: it has an empty token.",
      ],
      [
        { prefix: "a", queue: "" },
        "Queue group `` cannot be part of a NATS subject: it has an empty token.",
      ],
      [
        { prefix: "a", limits: { maxRunning: 0 } },
        "Option `maxRunning` must be a whole number of at least 1.",
      ],
      [
        { prefix: "a", limits: { paramsMs: NaN } },
        "Option `paramsMs` must be a whole number of at least 1.",
      ],
      [
        { prefix: "a", handlers: {} },
        "There is no handler `handleMessage` for interface `wasmcloud:messaging/handler@0.2.0`.",
      ],
    ];
    for (const [options, message] of rows)
      await assert.rejects(
        serve(connection, { ...sayOk, prefix: "a", ...options }),
        { code: "WRPC_OPTION_INVALID", message: `${message} ${next}` },
      );
    await connection.close();
    await assert.rejects(serve(connection, { ...sayOk, prefix: "a" }), {
      code: "WRPC_CONNECTION_CLOSED",
    });
  });

  it("need the permission to subscribe", async () => {
    const users = [
      {
        user: "u",
        password: "x",
        permissions: { subscribe: { deny: "default.>" } },
      },
    ];
    await using lab = await Lab.start({ config: { authorization: { users } } });
    const connection = await lab.connect({ user: "u", pass: "x" });
    await assert.rejects(serve(connection, { prefix, ...sayOk }), {
      code: "WRPC_NOT_PERMITTED",
      message: `The NATS server refused to subscribe to \`${subject}\` in queue group \`default.echo\`. Give the NATS user of this connection the permission that the message names.`,
    });
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
