import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { until } from "@keyturn/testkit";

import { MessagingLab, within } from "../testing/messaging-lab.test.js";

describe("messages to a component", () => {
  test("come with subject, body and reply subject, and the component replies by itself", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component({
      async handle({ subject, text, replyTo }, component) {
        if (subject === "ask.price" && replyTo !== undefined)
          await component.publish(replyTo, `${text}: 42`);
      },
    });
    await lab.put(lab.handler("orders.>, ask.*"), lab.consumer());
    const client = await lab.client();
    client.publish("orders.new.tea", "one");
    client.publish("orders.none", new Uint8Array(0), { reply: "answers" });
    const answer = await client.request("ask.price", "tea", {
      timeout: within,
    });
    assert.equal(answer.string(), "tea: 42");
    await until("three calls", within, () => shop.calls === 3);
    const [first, second, third] = shop.received;
    assert.equal(first?.subject, "orders.new.tea");
    assert.equal(first.text, "one");
    assert.equal(first.replyTo, undefined);
    assert.equal(first.from, "messaging");
    assert.equal(second?.replyTo, "answers");
    assert.equal(second.body.length, 0);
    assert.equal(third?.subject, "ask.price");
  });

  test("of a queue group come once, however many copies there are; plain ones once a copy", async () => {
    await using one = await MessagingLab.start();
    await using two = await MessagingLab.start({
      lattice: one.lattice,
      backing: one.backing,
      host: { providerId: "second" },
    });
    const link = one.handler("jobs|workers,news", {
      config: { subscriptions: "jobs|workers,news" },
    });
    const shop = await one.component();
    await one.put(link);
    await two.put({ ...link, source: "second" });
    const client = await one.client();
    for (let i = 0; i < 100; i++) client.publish("jobs", `${i}`);
    for (let i = 0; i < 10; i++) client.publish("news", `${i}`);
    await until("all calls", within, () => shop.calls >= 120);
    const jobs = shop.received.filter(({ subject }) => subject === "jobs");
    assert.equal(new Set(jobs.map(({ text }) => text)).size, 100);
    assert.equal(jobs.length, 100);
    const news = shop.received.filter(({ subject }) => subject === "news");
    assert.equal(news.length, 20);
    assert.deepEqual(
      new Set(jobs.map(({ from }) => from)),
      new Set(["messaging", "second"]),
    );
  });

  test("of the key queue_group come once, too", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    const config = { queue_group: "workers" };
    await lab.put(
      lab.handler("jobs", { config, name: "a" }),
      lab.handler("jobs", { config, name: "b" }),
    );
    const client = await lab.client();
    for (let i = 0; i < 50; i++) client.publish("jobs", `${i}`);
    await client.flush();
    await until("all calls", within, () => shop.calls >= 50);
    client.publish("jobs", "last");
    await until(
      "the last",
      within,
      () => shop.received.at(-1)?.text === "last",
    );
    assert.equal(shop.calls, 51);
  });

  test("an error of the component is told with its text, counted, and answered if asked for", async () => {
    await using lab = await MessagingLab.start();
    await lab.component({ handle: ({ text }) => `no ${text}\nhere` });
    await lab.put(
      lab.handler("plain"),
      lab.handler("errors", {
        name: "replying",
        config: { error_replies: "true", dead_letter_subject: "dead.letters" },
      }),
    );
    const client = await lab.client();
    const dead = client.subscribe("dead.letters", { max: 1 });
    await client.flush();
    const answer = await client.request("errors", "tea", { timeout: within });
    assert.equal(answer.headers?.get("Nats-Service-Error"), "no tea here");
    assert.equal(answer.headers?.get("Nats-Service-Error-Code"), "500");
    assert.equal(answer.data.length, 0);
    for await (const letter of dead) {
      assert.equal(letter.string(), "tea");
      assert.equal(letter.headers?.get("Keyturn-Subject"), "errors");
      assert.equal(letter.headers?.get("Nats-Service-Error"), "no tea here");
      assert.match(letter.headers?.get("Keyturn-Reply-To") ?? "", /^_INBOX\./);
    }
    client.publish("plain", "milk");
    await until("both errors", within, () => {
      return lab.eventsOf("component-error").length === 2;
    });
    const [first, second] = lab.eventsOf("component-error");
    assert.equal(first?.link, "replying");
    assert.equal(second?.level, "warn");
    assert.equal(second.code, "MESSAGING_COMPONENT_ERROR");
    assert.equal(
      second.message,
      "The component answered a message of the link of component shop, link default (wasmcloud:messaging) with an error: no milk here.",
    );
    assert.equal(second.subject, "plain");
  });

  test("a dead letter that its headers would make too large comes without them", async () => {
    await using lab = await MessagingLab.start();
    await lab.component({ handle: () => "no" });
    const config = { dead_letter_subject: "dead" };
    await lab.put(lab.handler("orders", { config }));
    const client = await lab.client();
    const dead = client.subscribe("dead", { max: 1 });
    const body = new Uint8Array(client.info?.max_payload ?? 0).fill(7);
    client.publish("orders", body);
    for await (const letter of dead) {
      assert.deepEqual(letter.data, body);
      assert.equal(letter.headers, undefined);
    }
    assert.deepEqual(lab.eventsOf("unsent"), []);
  });

  test("a dead letter that cannot be sent is told and counted", async () => {
    await using lab = await MessagingLab.start();
    const asked = { count: 0 };
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    await lab.component({
      handle: async () => {
        asked.count++;
        await ended;
        return "no";
      },
    });
    const link = lab.handler("orders", {
      config: { dead_letter_subject: "dead" },
    });
    await lab.put(link);
    (await lab.client()).publish("orders", "tea");
    await until("the message", within, () => asked.count === 1);
    await lab.backing.stop();
    await lab.host.waitUnhealthy(/Not connected/);
    end();
    await until("the event", within, () => lab.eventsOf("unsent").length > 0);
    const [unsent] = lab.eventsOf("unsent");
    assert.equal(unsent?.code, "MESSAGING_FAILURE_UNSENT");
    assert.match(
      unsent.message,
      /^The dead letter for a message of the link of component shop, link default \(wasmcloud:messaging\) could not be sent: .*\. Look at the connection of the link: what could not be sent is gone\.$/,
    );
    await lab.host.deleteLink(link);
    await until(
      "the end",
      within,
      () => lab.eventsOf("link-totals").length > 0,
    );
    assert.match(
      lab.eventsOf("link-totals")[0]?.message ?? "",
      /unsent 1, givenUp 0\.$/,
    );
  });

  test("a component that is not there, and one that traps, are told with the whole reason", async () => {
    await using lab = await MessagingLab.start();
    await lab.put(lab.handler("orders", { config: { error_replies: "true" } }));
    const client = await lab.client();
    const answer = await client.request("orders", "tea", { timeout: within });
    assert.equal(
      answer.headers?.get("Nats-Service-Error"),
      "the component could not be called",
    );
    const [failed] = lab.eventsOf("delivery-failed");
    assert.equal(failed?.code, "WRPC_NO_RESPONDER");
    assert.match(
      failed.message,
      /^Unable to send message of the link of component shop, link default \(wasmcloud:messaging\): .*handle-message/,
    );
    await lab.component({
      handle: () => {
        throw new Error("trap");
      },
    });
    const trapped = await client.request("orders", "x", { timeout: within });
    assert.equal(trapped.headers?.get("Nats-Service-Error-Code"), "500");
  });

  test("a component that takes too long is given up after handler_timeout_ms", async () => {
    await using lab = await MessagingLab.start();
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    await lab.component({ handle: () => ended });
    await lab.put(
      lab.handler("orders", {
        config: { handler_timeout_ms: "200", error_replies: "true" },
      }),
    );
    const client = await lab.client();
    const answer = await client.request("orders", "tea", { timeout: within });
    assert.equal(answer.headers?.get("Nats-Service-Error-Code"), "500");
    assert.equal(lab.eventsOf("delivery-failed")[0]?.code, "WRPC_CALL_TIMEOUT");
    end();
  });

  test("trace context of a message is continued, if it is valid; other headers go nowhere", async () => {
    await using lab = await MessagingLab.start();
    const seen: (string | undefined)[] = [];
    await lab.component({
      handle: (message) => {
        seen.push(message.text);
      },
    });
    await lab.put(lab.handler("orders"));
    const client = await lab.client();
    const traces: string[] = [];
    const calls = lab.host.connection.subscribe("default.shop.wrpc.>", {
      callback: (_, message) => {
        if (!message.subject.endsWith("handle-message")) return;
        const names = message.headers?.keys() ?? [];
        traces.push([...names, message.headers?.get("traceparent")].join(" "));
      },
    });
    await lab.host.connection.flush();
    const { headers } = await import("@nats-io/nats-core");
    const good = headers();
    const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    good.set("traceparent", parent);
    good.set("tracestate", "a=b");
    good.set("X-Other", "1");
    const bad = headers();
    bad.set(
      "traceparent",
      "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    );
    const fromGo = headers();
    fromGo.set("Traceparent", parent);
    client.publish("orders", "1", { headers: good });
    client.publish("orders", "2", { headers: bad });
    client.publish("orders", "3", { headers: fromGo });
    await until(
      "three calls",
      within,
      () => seen.length === 3 && traces.length === 3,
    );
    assert.equal(
      traces[0],
      `source-id target-id traceparent tracestate ${parent}`,
    );
    assert.equal(traces[1], "source-id target-id ");
    assert.equal(traces[2], `source-id target-id traceparent ${parent}`);
    calls.unsubscribe();
  });
});
