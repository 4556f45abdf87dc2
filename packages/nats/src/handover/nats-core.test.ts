import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { ProtocolHandler } from "@nats-io/nats-core/internal";

import { MsgImpl, NodeTransport, OpenNatsConnection } from "./nats-core.js";

/**
 * nats.js' inside is not promised to anybody. Where this test fails after an update of nats.js, read
 * what has changed there, then the places here that the names lead to, and only then correct the test.
 */
function assertHas(
  thing: object,
  kind: "function" | "field",
  names: readonly string[],
): void {
  const there = names.filter((name) =>
    kind === "function"
      ? typeof (thing as Record<string, unknown>)[name] === "function"
      : name in thing,
  );
  assert.deepEqual(there, names);
}

/** A short digest of a function's text. */
function text(method: unknown): string {
  assert.equal(typeof method, "function");
  const code = String(method).replace(/\s+/g, " ");
  return createHash("sha256").update(code).digest("hex").slice(0, 12);
}

const connection = new OpenNatsConnection({});
const protocol = new ProtocolHandler(connection.options, connection as never);
const transport = new NodeTransport();

test("what is called, overridden or set in nats.js is there", () => {
  assertHas(connection, "field", ["options", "draining"]);
  assertHas(protocol, "function", [
    "_sub",
    "unsub",
    "close",
    "dial",
    "dialLoop",
    "disconnected",
    "dispatchStatus",
    "drain",
    "flush",
    "flushPending",
    "getServer",
    "isClosed",
    "prepare",
    "processError",
    "processInfo",
    "processMsg",
    "processPong",
    "publish",
    "push",
    "resetOutbound",
    "sendCommand",
    "sendSubscriptions",
  ]);
  assertHas(protocol, "field", [
    "_closed",
    "closed",
    "connectError",
    "connected",
    "connectedOnce",
    "dialDelay",
    "heartbeats",
    "info",
    "inBytes",
    "inMsgs",
    "infoReceived",
    "lastError",
    "muxSubscriptions",
    "options",
    "outBytes",
    "outMsgs",
    "outbound",
    "parser",
    "pendingLimit",
    "pongs",
    "server",
    "servers",
    "subscriptions",
    "transport",
  ]);
  assertHas(protocol.subscriptions, "function", ["all", "get", "cancel"]);
  assertHas(protocol.servers, "function", [
    "getCurrentServer",
    "getServers",
    "setCurrent",
  ]);
  assertHas(protocol.heartbeats, "function", ["start"]);
  assertHas(transport, "function", [
    "close",
    "closed",
    "connect",
    "dial",
    "discard",
    "isEncrypted",
    "iterate",
    "peekInfo",
    "send",
    "setupHandlers",
    "startTLS",
  ]);
  assertHas(transport, "field", [
    "closeError",
    "closedNotification",
    "done",
    "options",
    "signal",
    "socket",
    "tlsName",
    "yields",
  ]);
});

test("what is written anew here has not changed there", () => {
  const inside = protocol as unknown as Record<string, unknown>;
  const under = transport as unknown as Record<string, unknown>;
  assert.deepEqual(
    {
      message: text(MsgImpl),
      prepare: text(inside["prepare"]),
      processMsg: text(inside["processMsg"]),
      publish: text(inside["publish"]),
      sendCommand: text(inside["sendCommand"]),
      sendSubscriptions: text(inside["sendSubscriptions"]),
      subscribe: text(inside["_sub"]),
      iterate: text(under["iterate"]),
      send: text(under["send"]),
      setupHandlers: text(under["setupHandlers"]),
    },
    {
      message: "f997765e64f3",
      prepare: "54cc72901d6b",
      processMsg: "e376e32afd81",
      publish: "a5c47a664df6",
      sendCommand: "4df3907ff5c0",
      sendSubscriptions: "963e6002b4c5",
      subscribe: "59d1f6f0e4fc",
      iterate: "57a4fa77b78f",
      send: "f4632e446ecf",
      setupHandlers: "b3f8dc81561c",
    },
  );
});

test("what is relied on in functions that are nats.js' own has not changed", () => {
  const inside = protocol as unknown as Record<string, unknown>;
  const under = transport as unknown as Record<string, unknown>;
  assert.deepEqual(
    {
      dial: text(inside["dial"]),
      dialLoop: text(inside["dodialLoop"]),
      disconnected: text(inside["disconnected"]),
      processInfo: text(inside["processInfo"]),
      handleError: text(inside["handleError"]),
      connect: text(under["connect"]),
      tlsFirst: text(under["tlsFirst"]),
      startTLS: text(under["startTLS"]),
      closed: text(under["_closed"]),
    },
    {
      dial: "946467a80fea",
      dialLoop: "7f8a16d13df8",
      disconnected: "03a61954dcc1",
      processInfo: "da9b52a461f5",
      handleError: "b9f77143c082",
      connect: "0a82c727e314",
      tlsFirst: "42e9c70fedbb",
      startTLS: "9a5c74d11c82",
      closed: "fdcecb8d5916",
    },
  );
});
