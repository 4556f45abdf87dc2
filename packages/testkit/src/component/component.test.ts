import assert from "node:assert/strict";
import { after, test } from "node:test";

import { client, func, serve, wrpcInterface, type Call } from "@keyturn/wrpc";
import { list, string, u8 } from "@keyturn/wrpc/values";
import { connect } from "@nats-io/transport-node";

import { natsServer } from "../server/nats-server.js";
import { ComponentDouble } from "./component-double.js";
import { MessagingComponent } from "./messaging-component.js";
import { messagingConsumer, messagingHandler } from "./messaging-interface.js";

const server = await natsServer();
const provider = await connect({ servers: server.url });
after(async () => {
  await provider.close();
  await server.stop();
});

const body = new TextEncoder().encode("42");

/** The calling side of a provider. */
const toComponent = (id: string, callMs = 5000) =>
  client(provider, {
    prefix: `lab.${id}`,
    interface: messagingHandler,
    headers: { "source-id": "nats-msg", "target-id": id },
    deadlines: { callMs },
  });

const headersOf = ({ headers }: Call): Record<string, string> =>
  Object.fromEntries((headers?.keys() ?? []).map((k) => [k, headers!.get(k)]));

test("a messaging component is called, and answers as its handler says", async () => {
  await using component = await MessagingComponent.start({
    lattice: server,
    latticeName: "lab",
    id: "echo",
    handle: ({ text }) => {
      if (text === "trap") throw new Error("trap");
      return text === "bad" ? "I cannot" : undefined;
    },
  });
  const echo = toComponent("echo");
  const message = { subject: "orders.new", body, replyTo: "back" };
  assert.deepEqual(await echo.handleMessage(message), {
    tag: "ok",
    val: undefined,
  });
  assert.deepEqual(component.received, [
    { ...message, text: "42", from: "nats-msg" },
  ]);
  const bad = new TextEncoder().encode("bad");
  assert.deepEqual(await echo.handleMessage({ ...message, body: bad }), {
    tag: "err",
    val: "I cannot",
  });
  const trap = new TextEncoder().encode("trap");
  await assert.rejects(echo.handleMessage({ ...message, body: trap }), {
    code: "WRPC_RESULT_MISSING",
  });
  assert.equal(component.calls, 3);
  await component.close();
  await assert.rejects(echo.handleMessage(message), {
    code: "WRPC_NO_RESPONDER",
  });
});

test("a messaging component publishes and requests by a link", async () => {
  const calls: unknown[] = [];
  await using _served = await serve(provider, {
    prefix: "lab.nats-msg",
    interface: messagingConsumer,
    handlers: {
      publish: ({ subject }, call) => {
        calls.push({ subject, ...headersOf(call) });
        return subject === "no"
          ? { tag: "err", val: "not allowed" }
          : { tag: "ok", val: undefined };
      },
      request: (subject, sent, timeoutMs, call) => {
        calls.push({ subject, timeoutMs, ...headersOf(call) });
        return timeoutMs === 1
          ? { tag: "err", val: "timed out" }
          : { tag: "ok", val: { subject, body: sent, replyTo: undefined } };
      },
    },
  });
  await using component = await MessagingComponent.start({
    lattice: server,
    latticeName: "lab",
    id: "shop",
    provider: "nats-msg",
  });
  await component.publish("yes", "x");
  await assert.rejects(component.publish("no", "x"), {
    message: "not allowed",
  });
  const answer = await component.request("ask", "x", { link: "other" });
  assert.deepEqual(answer.body, new TextEncoder().encode("x"));
  await assert.rejects(component.request("ask", "x", { timeoutMs: 1 }), {
    message: "timed out",
  });
  const by = (link: string) => ({ "source-id": "shop", "link-name": link });
  assert.deepEqual(calls, [
    { subject: "yes", ...by("default") },
    { subject: "no", ...by("default") },
    { subject: "ask", timeoutMs: 2000, ...by("other") },
    { subject: "ask", timeoutMs: 1, ...by("default") },
  ]);
});

test("two components of one id share the calls", async () => {
  const start = () =>
    MessagingComponent.start({ lattice: server, latticeName: "lab", id: "n" });
  await using one = await start();
  await using two = await start();
  const n = toComponent("n");
  const message = { subject: "x", body, replyTo: undefined };
  for (let i = 0; i < 40; i++) await n.handleMessage(message);
  assert.equal(one.calls + two.calls, 40);
  assert.ok(one.calls > 0 && two.calls > 0);
});

test("a component of any other interface", async () => {
  const reverse = wrpcInterface("demo:text/reverse@1.0.0", {
    reverse: func([list(u8)], string),
  });
  await using callee = await ComponentDouble.start({
    lattice: server,
    id: "callee",
  });
  await using caller = await ComponentDouble.start({
    lattice: server,
    id: "caller",
  });
  await callee.export(reverse, {
    reverse: (bytes) => new TextDecoder().decode(bytes.toReversed()),
  });
  const { reverse: call } = caller.import(reverse, { target: "callee" });
  assert.equal(await call(body), "24");
});
