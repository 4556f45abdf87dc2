import assert from "node:assert/strict";

import { describe, it } from "node:test";
import { inspect } from "node:util";

import { until } from "@keyturn/testkit";

import { client, implement, serve, type Call, type Fault } from "../index.js";
import { func, wrpcInterface } from "../interface/wrpc-interface.js";
import { Lab } from "../testing/lab.test.js";
import { string, type Result } from "../values/index.js";

import {
  prefix,
  subject,
  target,
  hello,
  missing,
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
