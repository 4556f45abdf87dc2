import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { until } from "@keyturn/testkit";

import { client, clientStats, implement, inboxStats, serve } from "../index.js";
import {
  consumerInterface,
  empty,
  handlerInterface,
  Lab,
  RawCallee,
  text,
} from "../testing/lab.test.js";

const subject =
  "default.echo.wrpc.0.0.1.wasmcloud:messaging/handler@0.2.0.handle-message";
const hello = { subject: "orders.new", body: text("hello") };
const target = { prefix: "default.echo", interface: handlerInterface } as const;

const closed =
  "The NATS connection is closed or draining. Make a new connection, and a new client or server on it.";

describe("a connection", () => {
  it("that closes ends all calls on it, also those given up", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const callee = new RawCallee(theirs, subject, (message) => {
      if (callee.invocations.length === 1) callee.accept(message);
    });
    await theirs.flush();
    const echo = client(ours, target);
    const controller = new AbortController();
    const accepted = echo.handleMessage(hello);
    const unaccepted = echo.handleMessage(hello);
    const givenUp = echo.handleMessage(hello, { signal: controller.signal });
    await until("the calls", 2000, () => callee.invocations.length === 3);
    controller.abort();
    await assert.rejects(givenUp, { code: "WRPC_CALL_ABORTED" });
    await ours.close();
    for (const call of [accepted, unaccepted])
      await assert.rejects(call, {
        code: "WRPC_CONNECTION_CLOSED",
        message: `The call to \`${subject}\` failed: ${closed}`,
      });
    assert.equal(inboxStats(ours).open, 0);
    assert.equal(clientStats(echo).abandoned, 0);
    assert.equal(clientStats(echo).outstanding, 0);

    await assert.rejects(echo.handleMessage(hello), {
      code: "WRPC_CONNECTION_CLOSED",
      message: closed,
    });
    assert.throws(() => client(ours, target), {
      code: "WRPC_CONNECTION_CLOSED",
    });
  });

  it("that is down takes no calls until it is back", async () => {
    await using lab = await Lab.start();
    const ours = await lab.connect({ maxReconnectAttempts: -1 });
    const echo = client(ours, target);
    await assert.rejects(echo.handleMessage(hello), {
      code: "WRPC_NO_RESPONDER",
    });
    const events: string[] = [];
    void (async () => {
      for await (const status of ours.status()) events.push(status.type);
    })();
    const restarted = lab.server.restart();
    await until("the loss", 5000, () => events.includes("disconnect"));
    await assert.rejects(echo.handleMessage(hello), {
      code: "WRPC_NOT_CONNECTED",
      message:
        "The NATS connection is not connected at the moment. Repeat the call once the connection is back; it did not reach anybody.",
    });
    await assert.rejects(
      serve(ours, {
        prefix: "default.echo",
        ...implement(handlerInterface, {
          handleMessage: () => ({ tag: "ok" }),
        }),
      }),
      { code: "WRPC_NOT_CONNECTED" },
    );
    await restarted;
    await until("the way back", 5000, () => events.includes("reconnect"));
    // The inbox is there again.
    await assert.rejects(echo.handleMessage(hello), {
      code: "WRPC_NO_RESPONDER",
    });
  });

  it("is shared by clients and servers: one inbox, whatever the calls", async () => {
    await using lab = await Lab.start({ config: { trace: true } });
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    await using _handler = await serve(theirs, {
      prefix: "default.echo",
      ...implement(handlerInterface, { handleMessage: () => ({ tag: "ok" }) }),
    });
    await using _consumer = await serve(ours, {
      prefix: "default.nats-msg",
      ...implement(consumerInterface, {
        publish: () => ({ tag: "ok" }),
        request: () => ({ tag: "err", val: "" }),
      }),
    });
    const echo = client(ours, target);
    const consumers = [1, 2, 3].map(() =>
      client(theirs, {
        prefix: "default.nats-msg",
        interface: consumerInterface,
      }),
    );
    const calls = Array.from({ length: 300 }, () => [
      echo.handleMessage(hello),
      ...consumers.map((consumer) => consumer.publish(hello)),
    ]);
    await Promise.all(calls.flat());
    const log = lab.server.logText();
    assert.equal(log.match(/<<- \[SUB /g)?.length, 2 + 3);
    assert.equal(log.match(/<<- \[UNSUB /g), null);
  });

  it("that does not take a message leaves nothing waiting", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const callee = new RawCallee(theirs, subject);
    await theirs.flush();
    const echo = client(ours, target);
    const call = echo.handleMessage(hello);
    await until("the call", 2000, () => callee.invocations.length === 1);
    const thrown = new Error("no more");
    ours.publish = () => {
      throw thrown;
    };
    await assert.rejects(echo.handleMessage(hello), {
      code: "WRPC_NOT_CONNECTED",
      message: `The call to \`${subject}\` could not be handed to the NATS connection. Repeat the call once the connection is back; it did not reach anybody.`,
      cause: thrown,
    });
    const [invocation] = callee.invocations;
    assert.ok(invocation);
    callee.accept(invocation);
    callee.results(invocation, Uint8Array.of(0), empty);
    assert.deepEqual(await call, { tag: "ok", val: undefined });
    assert.deepEqual(clientStats(echo), {
      sent: 1,
      succeeded: 1,
      failed: 0,
      notSent: 1,
      unsent: 1,
      outstanding: 0,
      abandoned: 0,
    });
    assert.equal(inboxStats(ours).open, 0);
    assert.throws(() => clientStats({}), {
      message: "This is not a client. Correct the option in the code.",
    });
  });

  it("has one timer while something is awaited, and none else", async () => {
    await using lab = await Lab.start();
    const [ours, theirs] = [await lab.connect(), await lab.connect()];
    const callee = new RawCallee(theirs, subject);
    await theirs.flush();
    const { setInterval: set, clearInterval: clear } = globalThis;
    const timers = new Set<unknown>();
    globalThis.setInterval = ((...args: Parameters<typeof set>) => {
      const timer = set(...args);
      timers.add(timer);
      return timer;
    }) as typeof set;
    globalThis.clearInterval = (timer) => {
      timers.delete(timer);
      clear(timer);
    };
    try {
      const echo = client(ours, target);
      const calls = [echo.handleMessage(hello), echo.handleMessage(hello)];
      await until("the calls", 2000, () => callee.invocations.length === 2);
      assert.equal(timers.size, 1);
      assert.deepEqual(
        [...timers].map((timer) => (timer as NodeJS.Timeout).hasRef()),
        [false],
      );
      for (const invocation of callee.invocations) {
        callee.accept(invocation);
        callee.results(invocation, Uint8Array.of(0), empty);
      }
      await Promise.all(calls);
      await until("the end of the timer", 2000, () => timers.size === 0);
    } finally {
      globalThis.setInterval = set;
      globalThis.clearInterval = clear;
    }
  });

  it("uses the inbox prefix of the connection", async () => {
    await using lab = await Lab.start();
    const ours = await lab.connect({ inboxPrefix: "_INBOX_mine" });
    const theirs = await lab.connect();
    const callee = new RawCallee(theirs, subject, (message) => {
      callee.accept(message);
      callee.results(message, Uint8Array.of(0), empty);
    });
    await theirs.flush();
    await client(ours, target).handleMessage(hello);
    assert.match(callee.invocations[0]?.reply ?? "", /^_INBOX_mine\.\w{22}\./);
  });
});

describe("a user without the permission", () => {
  it("to call is told at once", async () => {
    await using lab = await Lab.start({
      config: {
        authorization: {
          users: [
            { user: "all", password: "x" },
            {
              user: "some",
              password: "x",
              permissions: { publish: { deny: "default.echo.>" } },
            },
          ],
        },
      },
    });
    const ours = await lab.connect({ user: "some", pass: "x" });
    const theirs = await lab.connect({ user: "all", pass: "x" });
    const other = new RawCallee(theirs, "default.other.>");
    await theirs.flush();
    const echo = client(ours, target);
    const waiting = client(ours, { ...target, prefix: "default.other" });
    const call = waiting.handleMessage(hello, { deadlineMs: 2000 });
    await assert.rejects(echo.handleMessage(hello), {
      code: "WRPC_NOT_PERMITTED",
      message: `The call to \`${subject}\` failed: The NATS server refused to publish to \`${subject}\`. Give the NATS user of this connection the permission that the message names.`,
    });
    // Others on the connection are not touched.
    const [invocation] = await until(
      "the call",
      2000,
      () => other.invocations.length > 0 && other.invocations,
    );
    assert.ok(invocation);
    other.accept(invocation);
    other.results(invocation, Uint8Array.of(0), empty);
    assert.deepEqual(await call, { tag: "ok", val: undefined });
  });

  it("for inboxes is told at once, and can be given it", async () => {
    const config = (deny: string): Record<string, unknown> => ({
      authorization: {
        users: [
          { user: "u", password: "x", permissions: { subscribe: { deny } } },
        ],
      },
    });
    await using lab = await Lab.start({ config: config("_INBOX.>") });
    const ours = await lab.connect({ user: "u", pass: "x" });
    const theirs = await lab.connect({ user: "u", pass: "x" });
    const callee = new RawCallee(theirs, subject, (message) => {
      callee.accept(message);
      callee.results(message, Uint8Array.of(0), empty);
    });
    await theirs.flush();
    const echo = client(ours, target);
    await assert.rejects(echo.handleMessage(hello), (error: Error) => {
      assert.equal((error as { code?: string }).code, "WRPC_NOT_PERMITTED");
      assert.match(
        error.message,
        /^The call to `default\.echo\.\S+` failed: The NATS server refused to subscribe to the inbox `_INBOX\.\w{22}\.>`\. Give the NATS user of this connection the permission that the message names\.$/,
      );
      return true;
    });
    await lab.server.reload(config("other.>"));
    assert.deepEqual(
      await until("a call to get through", 5000, () =>
        echo.handleMessage(hello).catch(() => undefined),
      ),
      { tag: "ok", val: undefined },
    );
  });
});
