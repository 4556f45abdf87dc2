import assert from "node:assert/strict";
import { test } from "node:test";

import { natsServer, until } from "@keyturn/testkit";
import { connect } from "@nats-io/transport-node";

import { MessagingLab, within } from "../testing/messaging-lab.test.js";

/** A server whose user may subscribe to these subjects, and anything else everybody. */
function config(...allowed: readonly string[]) {
  return {
    authorization: {
      users: [
        {
          user: "provider",
          password: "p",
          permissions: { publish: [">"], subscribe: [...allowed, "_INBOX.>"] },
        },
        { user: "outside", password: "o" },
      ],
    },
  };
}

test("a subscription that the server takes away shows in health and comes back by itself", async () => {
  await using backing = await natsServer({ config: config("orders", "other") });
  await using lab = await MessagingLab.start({ backing });
  const shop = await lab.component();
  await lab.put(
    lab.handler("orders,other", {
      config: { user: "provider" },
      secrets: { password: "p" },
    }),
  );
  const outside = await connect({
    servers: backing.url,
    user: "outside",
    pass: "o",
  });
  try {
    await backing.reload(config("other"));
    assert.match(
      await lab.host.waitUnhealthy(/./),
      /^component shop, link default \(wasmcloud:messaging\): The NATS server took the subscription to `orders` away: .*Permissions Violation.*Give the user permission to subscribe/,
    );
    const [lost, ...more] = lab.eventsOf("subscription-lost");
    assert.equal(lost?.code, "MESSAGING_SUBSCRIPTION_REFUSED");
    assert.deepEqual(more, []);
    outside.publish("other", "the rest goes on");
    await until("a message", within, () => shop.calls === 1);

    await backing.reload(config("orders", "other"));
    await lab.host.waitHealthy(within);
    assert.equal(
      lab.eventsOf("subscription-back")[0]?.message,
      "The link of component shop, link default (wasmcloud:messaging) is subscribed to `orders` again.",
    );
    outside.publish("orders", "back again");
    await until("the message", within, () => shop.calls === 2);
    assert.deepEqual(
      shop.received.map(({ text }) => text),
      ["the rest goes on", "back again"],
    );
    // Lost once, told once, however often it was tried in between.
    assert.equal(lab.eventsOf("subscription-lost").length, 1);
  } finally {
    await outside.close();
  }
});
