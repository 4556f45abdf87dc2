import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { until } from "@keyturn/testkit";

import { MessagingLab, within } from "../testing/messaging-lab.test.js";

/** Something that ends when it is told to. */
function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

describe("more messages than a component can take", () => {
  test("wait within bounds; what is over them is counted, told, and answered if asked for", async () => {
    await using lab = await MessagingLab.start();
    const { open, opened } = gate();
    const shop = await lab.component({ handle: () => opened });
    const config = {
      concurrency: "2",
      max_waiting: "3",
      error_replies: "true",
    };
    await lab.put(lab.handler("orders", { config }));
    const outside = await lab.client();
    const refused: string[] = [];
    outside.subscribe("answers", {
      callback: (_, { headers: block }) => {
        refused.push(
          `${block?.get("Nats-Service-Error-Code")} ${block?.get("Nats-Service-Error")}`,
        );
      },
    });
    for (let i = 0; i < 9; i++)
      outside.publish("orders", `${i}`, { reply: "answers" });
    await until("four refusals", within, () => refused.length === 4);
    assert.deepEqual(new Set(refused), new Set(["503 overloaded"]));
    await until("the first calls", within, () => shop.calls >= 2);
    assert.equal(shop.calls, 2);
    open();
    await until("the others", within, () => shop.calls === 5);
    assert.deepEqual(
      shop.received.map(({ text }) => text),
      ["0", "1", "2", "3", "4"],
    );
    await lab.host.deleteLink(lab.handler("orders"));
    await until("the totals", within, () => {
      return lab.eventsOf("link-totals").length === 1;
    });
    const told = lab.eventsOf("dropped");
    assert.equal(told[0]?.code, "MESSAGING_OVERLOADED");
    assert.equal(told[0].level, "error");
    assert.match(
      told[0].message,
      /^There was no room for a message of the link of component shop, link default \(wasmcloud:messaging\)\. Raise `concurrency`/,
    );
    assert.equal(
      told.reduce((sum, { count = 0 }) => sum + count, 0),
      4,
    );
    assert.equal(
      lab.eventsOf("link-totals")[0]?.message,
      "The link of component shop, link default (wasmcloud:messaging) has ended: received 9, handled 5, componentErrors 0, failed 0, dropped 4, unsent 0, givenUp 0.",
    );
  });

  test("of one subject come one after another if order_by_subject is on", async () => {
    await using lab = await MessagingLab.start();
    let running = 0;
    let most = 0;
    const shop = await lab.component({
      handle: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running--;
      },
    });
    await lab.put(
      lab.handler("orders.*", { config: { order_by_subject: "true" } }),
    );
    const outside = await lab.client();
    for (let i = 0; i < 60; i++) outside.publish(`orders.${i % 3}`, `${i}`);
    await until("all of them", within, () => shop.calls === 60);
    for (const subject of ["orders.0", "orders.1", "orders.2"]) {
      const numbers = shop.received
        .filter((message) => message.subject === subject)
        .map(({ text }) => Number(text));
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
      );
    }
    assert.ok(most > 1 && most <= 3, `${most} at a time`);
  });
});

describe("messages that came before the end", () => {
  test("of a link are still handled when it is deleted", async () => {
    await using lab = await MessagingLab.start();
    const { open, opened } = gate();
    const shop = await lab.component({ handle: () => opened });
    const link = lab.handler("orders", { config: { concurrency: "1" } });
    await lab.put(link);
    const outside = await lab.client();
    for (let i = 0; i < 5; i++) outside.publish("orders", `${i}`);
    await until("the first call", within, () => shop.calls === 1);
    await outside.flush();
    await lab.host.deleteLink(link);
    await until("the link to be gone", within, () => {
      return lab.provider.linkCount === 0;
    });
    outside.publish("orders", "too late");
    await outside.flush();
    open();
    await until("the totals", within, () => {
      return lab.eventsOf("link-totals").length === 1;
    });
    assert.deepEqual(
      shop.received.map(({ text }) => text),
      ["0", "1", "2", "3", "4"],
    );
  });

  test("of the provider are still handled within its budget", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component({
      handle: () => new Promise((resolve) => setTimeout(resolve, 20)),
    });
    await lab.put(lab.handler("orders", { config: { concurrency: "2" } }));
    const outside = await lab.client();
    for (let i = 0; i < 6; i++) outside.publish("orders", `${i}`);
    await until("the first call", within, () => shop.calls > 0);
    await outside.flush();
    await lab.provider.stop();
    assert.equal(shop.calls, 6);
    const [totals] = lab.eventsOf("link-totals");
    assert.match(
      totals?.message ?? "",
      /received 6, handled 6,.* givenUp 0\.$/,
    );
  });

  test("and take longer than its budget are given up, and told", async () => {
    await using lab = await MessagingLab.start();
    const { open, opened } = gate();
    const shop = await lab.component({ handle: () => opened });
    await lab.put(lab.handler("orders", { config: { concurrency: "2" } }));
    const outside = await lab.client();
    for (let i = 0; i < 5; i++) outside.publish("orders", `${i}`);
    await until("the calls", within, () => shop.calls === 2);
    await outside.flush();
    await lab.provider.stop();
    open();
    const [totals] = lab.eventsOf("link-totals");
    assert.equal(totals?.level, "warn");
    assert.match(totals.message, /received 5, handled 0,.* givenUp 5\.$/);
  });
});
