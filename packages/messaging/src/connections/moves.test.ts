import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { until, type LinkOptions } from "@keyturn/testkit";

import { MessagingLab, within } from "../testing/messaging-lab.test.js";

/** Publishes numbers on subjects while `act` runs; gives how many. */
async function during(
  lab: MessagingLab,
  subjects: readonly string[],
  act: () => Promise<void>,
): Promise<number> {
  const outside = await lab.client();
  let sent = 0;
  const pace = setInterval(() => {
    for (let i = 0; i < 5; i++, sent++)
      outside.publish(subjects[sent % subjects.length] ?? "", `${sent}`);
  }, 1);
  try {
    await act();
    await new Promise((resolve) => setTimeout(resolve, 20));
  } finally {
    clearInterval(pace);
  }
  await outside.flush();
  return sent;
}

describe("links that share a connection and get another user", () => {
  test("all together: the connection is handed over as it is", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    const links = (secrets = lab.pair()): LinkOptions[] => [
      lab.handler("orders", { secrets }),
      lab.handler("news", { secrets, name: "second" }),
      lab.consumer({ secrets }),
    ];
    await lab.put(...links());
    const sent = await during(lab, ["orders", "news"], async () => {
      for (let i = 0; i < 3; i++) {
        const user = await lab.account.user("next");
        await lab.put(...links(lab.pair(user)));
        await lab.usersAre(user.publicKey);
      }
    });
    await until("all messages", within, () => shop.calls >= sent);
    assert.equal(shop.calls, sent);
    assert.equal(new Set(shop.received.map(({ text }) => text)).size, sent);
    const ups = lab.providerEvents.filter(({ type }) => type === "link-up");
    assert.equal(ups.length, 3, "each link was made once");
  });

  for (const subscriptions of ["orders.a,orders.b", "orders.*|group"])
    test(`one of them: ${subscriptions} moves to a connection of its own, each message once and in order`, async () => {
      await using lab = await MessagingLab.start();
      const shop = await lab.component();
      const config = { order_by_subject: "true" };
      await lab.put(lab.handler(subscriptions, { config }), lab.consumer());
      const sent = await during(lab, ["orders.a", "orders.b"], async () => {
        for (let i = 0; i < 3; i++) {
          const user = await lab.account.user("next");
          const secrets = lab.pair(user);
          await lab.put(lab.handler(subscriptions, { config, secrets }));
          await lab.put(lab.consumer());
          await lab.usersAre(lab.user.publicKey, user.publicKey);
          await lab.put(lab.handler(subscriptions, { config }));
          await lab.usersAre(lab.user.publicKey);
        }
      });
      await until("all messages", within, () => shop.calls >= sent);
      assert.equal(shop.calls, sent);
      if (subscriptions.includes("|")) return;
      for (const subject of ["orders.a", "orders.b"]) {
        const numbers = shop.received
          .filter((message) => message.subject === subject)
          .map(({ text }) => Number(text));
        assert.deepEqual(
          numbers,
          numbers.toSorted((a, b) => a - b),
        );
      }
    });

  test("one of them, and it is refused: nothing has changed", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    await lab.put(lab.handler("orders"), lab.consumer());
    const limited = await lab.account.user("limited", {
      claims: { sub: { deny: ["orders"] } },
    });
    const sent = await during(lab, ["orders"], async () => {
      await lab.host.putLink(
        lab.handler("orders", { secrets: lab.pair(limited) }),
      );
      assert.match(
        await lab.host.waitUnhealthy(/./),
        /The server refused the subscription to `orders`/,
      );
    });
    await until("all messages", within, () => shop.calls >= sent);
    assert.equal(shop.calls, sent);
    await lab.usersAre(lab.user.publicKey);
  });
});
