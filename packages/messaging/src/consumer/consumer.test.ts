import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { headers } from "@nats-io/nats-core";

import {
  messagingConsumer,
  natsServer,
  tcpFaultProxy,
  until,
} from "@keyturn/testkit";
import { client } from "@keyturn/wrpc";

import { MessagingLab, within } from "../testing/messaging-lab.test.js";

const utf8 = new TextEncoder();

describe("a component that publishes and requests", () => {
  test("publishes with and without a reply subject; an empty one is none", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    await lab.put(lab.consumer());
    const outside = await lab.client();
    const seen: (string | undefined)[] = [];
    outside.subscribe("out.>", {
      callback: (_, { subject, reply, data, headers: block }) => {
        seen.push(
          `${subject} ${reply || "-"} ${data.length} ${block?.keys().length ?? "-"}`,
        );
      },
    });
    await outside.flush();
    await shop.publish("out.a", "one");
    await shop.publish("out.b", "", { replyTo: "answers.here" });
    await shop.publish("out.c", "x", { replyTo: "" });
    await until("all three", within, () => seen.length === 3);
    assert.deepEqual(seen, [
      "out.a - 3 -",
      "out.b answers.here 0 -",
      "out.c - 1 -",
    ]);
  });

  test("requests: the answer comes with the inbox as its subject", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    await lab.put(lab.consumer({ config: { custom_inbox_prefix: "_MINE.>" } }));
    const outside = await lab.client();
    outside.subscribe("price", {
      callback: (_, message) =>
        void message.respond(`${message.string()}: 42`, { reply: "more.here" }),
    });
    await outside.flush();
    const answer = await shop.request("price", "tea");
    assert.equal(new TextDecoder().decode(answer.body), "tea: 42");
    assert.equal(answer.replyTo, "more.here");
    assert.match(answer.subject, /^_MINE\./);
  });

  test("what goes wrong with a request is answered as the stock provider answers", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    await lab.put(lab.consumer());
    const outside = await lab.client();
    let asked = 0;
    outside.subscribe("slow", { callback: () => void asked++ });
    outside.subscribe("status", {
      callback: (_, message) => {
        const status = headers(409, "Consumer Deleted");
        message.respond("", { headers: status });
      },
    });
    await outside.flush();
    const ask = (subject: string, timeout: number) =>
      shop.consumer().request(subject, utf8.encode("?"), timeout);
    const err = (val: string) => ({ tag: "err", val });
    assert.deepEqual(
      await ask("nobody", 5000),
      err("nats send error: no responders: no responders"),
    );
    assert.deepEqual(
      await ask("slow", 50),
      err("nats request timed out: deadline has elapsed"),
    );
    assert.equal(asked, 1);
    assert.deepEqual(
      await ask("slow", 0),
      err("nats request timed out: deadline has elapsed"),
    );
    assert.deepEqual(
      await ask("status", 5000),
      err("nats send error: status 409 Consumer Deleted"),
    );
    await outside.flush();
    assert.equal(asked, 1, "nothing is sent that nobody waits for");
  });

  test("a time limit beyond what a timer takes is a long one, not none", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    await lab.put(lab.consumer());
    const outside = await lab.client();
    outside.subscribe("late", {
      callback: (_, message) =>
        void setTimeout(() => message.respond("yes"), 50),
    });
    await outside.flush();
    const answer = await shop.request("late", "", { timeoutMs: 4_294_967_295 });
    assert.equal(new TextDecoder().decode(answer.body), "yes");
  });

  test("only a caller with a link is served, and learns why it is not", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    await lab.put(lab.consumer({ name: "other" }));
    await assert.rejects(shop.publish("a", ""), {
      message: "component not linked: shop",
    });
    await assert.rejects(shop.request("a", ""), {
      message: "component not linked: shop",
    });
    await shop.publish("a", "", { link: "other" });
    const nobody = client(lab.host.connection, {
      prefix: "default.messaging",
      interface: messagingConsumer,
    });
    const message = {
      subject: "a",
      body: new Uint8Array(),
      replyTo: undefined,
    };
    assert.deepEqual(await nobody.publish(message), {
      tag: "err",
      val: "no component in request",
    });
    const unnamed = client(lab.host.connection, {
      prefix: "default.messaging",
      interface: messagingConsumer,
      headers: { "link-name": "default" },
    });
    assert.deepEqual(await unnamed.publish(message), {
      tag: "err",
      val: "component not linked: <unknown>",
    });
    await lab.host.putLink(lab.consumer({ config: { concurrency: "many" } }));
    await lab.host.waitUnhealthy(/concurrency/);
    await assert.rejects(shop.publish("a", ""), {
      message:
        "component not linked: shop, as its link default fails: failed to build connection config: The key `concurrency` of the link config cannot be used: it is not a whole number from 1 to 65536. Correct it with `wash config put`, then put the link again.",
    });
  });

  test("two links of one component stay apart, and a deleted one takes nothing along", async () => {
    await using lab = await MessagingLab.start();
    await using other = await natsServer();
    const shop = await lab.component();
    const second = lab.consumer({
      name: "second",
      config: { cluster_uris: other.url },
      secrets: {},
    });
    await lab.put(lab.consumer(), second);
    const outside = await lab.client();
    const first = outside.subscribe("to", { max: 2 });
    await outside.flush();
    await shop.publish("to", "first");
    await shop.publish("to", "second", { link: "second" });
    await lab.host.deleteLink(second);
    await until("the link to be gone", within, () => {
      return lab.provider.linkCount === 1;
    });
    await assert.rejects(shop.publish("to", "", { link: "second" }), {
      message: "component not linked: shop",
    });
    await shop.publish("to", "third");
    const got: string[] = [];
    for await (const message of first) got.push(message.string());
    assert.deepEqual(got, ["first", "third"]);
  });

  test("allow-lists keep a component to its subjects", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    await lab.put(
      lab.consumer({
        config: { publish_allow: "out.>, log.*", request_allow: "" },
      }),
    );
    await shop.publish("out.a.b", "");
    await shop.publish("log.a", "");
    await assert.rejects(shop.publish("log.a.b", ""), {
      message:
        'The subject "log.a.b" is not among `publish_allow` of the link. Add the subject to `publish_allow` or `request_allow` of the link. (MESSAGING_SUBJECT_NOT_ALLOWED)',
    });
    await assert.rejects(shop.request("out.a", ""), {
      message:
        /^The subject "out.a" is not among `request_allow` of the link\./,
    });
  });

  test("trace context goes along, but never to the server's own subjects", async () => {
    await using lab = await MessagingLab.start();
    await using plain = await natsServer();
    const traceparent =
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await lab.put(
      lab.consumer({ config: { cluster_uris: plain.url }, secrets: {} }),
    );
    const caller = client(lab.host.connection, {
      prefix: "default.messaging",
      interface: messagingConsumer,
      headers: { "source-id": "shop", "link-name": "default", traceparent },
    });
    await using proxy = await tcpFaultProxy(plain);
    await lab.put(
      lab.consumer({
        config: { cluster_uris: `127.0.0.1:${proxy.port}` },
        secrets: {},
      }),
    );
    const message = { body: utf8.encode("b"), replyTo: undefined };
    await caller.publish({ ...message, subject: "traced" });
    await caller.publish({ ...message, subject: "$SYS.PLAIN" });
    await caller.request("$SYS.REQ.NOBODY", utf8.encode("b"), 200);
    const sent = (): string => proxy.recorded("toServer").toString();
    await until("all three to be sent", within, () =>
      /PUB \$SYS.REQ.NOBODY/.test(sent()),
    );
    assert.match(sent(), /HPUB traced .*\r\nNATS\/1.0\r\ntraceparent: 00-0af7/);
    assert.match(sent(), /\r\nPUB \$SYS.PLAIN 1\r\n/);
  });

  test("while NATS is away, publish waits a while and then says so; a request waits its own time", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    await using proxy = await tcpFaultProxy(lab.backing);
    await lab.put(
      lab.consumer({ config: { cluster_uris: `127.0.0.1:${proxy.port}` } }),
    );
    const outside = await lab.client();
    const back = outside.subscribe("back", { max: 1 });
    await outside.flush();
    proxy.refuse();
    proxy.cut();
    const why = await lab.host.waitUnhealthy(/./);
    assert.match(
      why,
      /^component shop, link default \(wasmcloud:messaging\): Not connected to NATS: .*It comes back by itself as soon as that is no longer so\.$/,
    );
    const asked = performance.now();
    await assert.rejects(shop.request("x", "", { timeoutMs: 100 }), {
      message: "nats request timed out: deadline has elapsed",
    });
    assert.ok(performance.now() - asked < 4_000);
    const publishing = shop.publish("back", "again");
    proxy.heal();
    await publishing;
    for await (const message of back) assert.equal(message.string(), "again");
    await lab.host.waitHealthy();
  });
});
