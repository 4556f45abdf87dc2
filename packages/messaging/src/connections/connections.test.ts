import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { until } from "@keyturn/testkit";

import { MessagingLab, within } from "../testing/messaging-lab.test.js";

describe("connections to NATS", () => {
  test("are shared by links with equal settings and equal credentials, and end with the last", async () => {
    await using lab = await MessagingLab.start();
    const another = await lab.account.user("another");
    const links = [
      lab.handler("a"),
      lab.consumer(),
      lab.consumer({ component: "second" }),
      lab.consumer({ component: "third", secrets: lab.pair(another) }),
      lab.consumer({ component: "fourth", config: { ping_interval_sec: "9" } }),
    ];
    await lab.put(...links);
    await lab.usersAre(
      lab.user.publicKey,
      lab.user.publicKey,
      another.publicKey,
    );
    for (const link of links.slice(1)) await lab.host.deleteLink(link);
    await until("unused ones to end", within, async () => {
      return (await lab.users()).length === 1;
    });
  });

  test("a changed credential takes over under traffic, without a message lost", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    await lab.put(lab.handler("orders"));
    const outside = await lab.client();
    let sent = 0;
    const pace = setInterval(() => {
      for (let i = 0; i < 5; i++) outside.publish("orders", `${sent++}`);
    }, 1);
    const seen = new Set<string>([lab.user.publicKey]);
    for (let i = 0; i < 5; i++) {
      const user = await lab.account.user("next");
      await lab.put(lab.handler("orders", { secrets: lab.pair(user) }));
      seen.add(user.publicKey);
      await until("the new user", within, async () => {
        const now = await lab.users();
        return now.length === 1 && now[0] === user.publicKey;
      });
    }
    clearInterval(pace);
    await outside.flush();
    await until("all messages", within, () => shop.calls >= sent);
    assert.equal(seen.size, 6);
    assert.ok(sent > 100, `${sent} were sent`);
    assert.equal(new Set(shop.received.map(({ text }) => text)).size, sent);
    assert.equal(shop.calls, sent);
  });

  test("renewed JWTs of one user take all links along; another user leaves the others alone", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    await lab.put(lab.consumer(), lab.consumer({ component: "second" }));
    const renewed = await lab.account.user("renewed", { keys: lab.user.keys });
    await lab.put(lab.consumer({ secrets: lab.pair(renewed) }));
    await lab.usersAre(lab.user.publicKey);
    await lab.put(
      lab.consumer({ component: "second", secrets: lab.pair(renewed) }),
    );
    const other = await lab.account.user("other");
    await lab.put(lab.consumer({ secrets: lab.pair(other) }));
    await lab.usersAre(lab.user.publicKey, other.publicKey);
    await shop.publish("a", "");
  });

  test("a credential of another account takes the link there", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    await lab.put(lab.handler("orders"));
    const other = await lab.operator.account("other");
    await lab.backing.reload(await lab.operator.serverConfig());
    const user = await other.user("x");
    await lab.put(lab.handler("orders", { secrets: lab.pair(user) }));
    await lab.usersAre(user.publicKey);
    const outside = await lab.client({}, other);
    outside.publish("orders", "there");
    await until("a call", within, () => shop.calls === 1);
  });

  test("a refused credential leaves the link as it was; health says why until a good one comes", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    await lab.put(lab.handler("orders"));
    // The server has read the accounts before this one was made.
    const stranger = await (await lab.operator.account("stranger")).user("x");
    await lab.host.putLink(
      lab.handler("orders", { secrets: lab.pair(stranger) }),
    );
    const why = await lab.host.waitUnhealthy(/./);
    assert.match(why, /component shop, link default/);
    const outside = await lab.client();
    outside.publish("orders", "still");
    await until("a call", within, () => shop.calls === 1);
    // Also when it has to connect anew, it presents what was in force.
    await lab.backing.restart();
    await lab.usersAre(lab.user.publicKey);
    const good = await lab.account.user("good");
    await lab.put(lab.handler("orders", { secrets: lab.pair(good) }));
    await lab.host.waitHealthy();
    await lab.usersAre(good.publicKey);
  });

  test("a credential put while NATS is away, and refused then, leaves the one before in force", async () => {
    await using lab = await MessagingLab.start();
    await lab.put(lab.handler("orders"));
    const stranger = await (await lab.operator.account("stranger")).user("x");
    await lab.backing.stop();
    await lab.host.waitUnhealthy(/Not connected/);
    await lab.host.putLink(
      lab.handler("orders", { secrets: lab.pair(stranger) }),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    await lab.backing.restart();
    await lab.usersAre(lab.user.publicKey);
    assert.match(await lab.host.waitUnhealthy(/./), /link default/);
  });

  test("a credential that expires, or is revoked, takes the link down until another is put", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    const brief = await lab.account.user("brief", { expiresInSeconds: 2 });
    await lab.put(lab.handler("orders", { secrets: lab.pair(brief) }));
    assert.match(
      await lab.host.waitUnhealthy(/expired at/),
      /^component shop, link default \(wasmcloud:messaging\): Not connected to NATS: .*The user JWT from link secrets \(`client_jwt`, `client_seed`\) expired at /,
    );
    const again = async (text: string): Promise<void> => {
      await lab.host.waitHealthy();
      // Another client each time: the server drops all of them when it is reloaded.
      (await lab.client()).publish("orders", text);
      await until(text, within, () => shop.received.at(-1)?.text === text);
    };
    const second = await lab.account.user("second");
    await lab.put(lab.handler("orders", { secrets: lab.pair(second) }));
    await again("with another");
    lab.account.revoke(second.publicKey);
    await lab.backing.reload(await lab.operator.serverConfig());
    assert.match(
      await lab.host.waitUnhealthy(/revoked/i),
      /link default .*: Not connected to NATS: .*revoked/i,
    );
    const third = await lab.account.user("third");
    await lab.put(lab.handler("orders", { secrets: lab.pair(third) }));
    await again("with a third");
  });

  test("a link whose server is not there is tried until it is", async () => {
    await using lab = await MessagingLab.prepare();
    await lab.backing.stop();
    await lab.run({ links: [lab.handler("orders")] });
    const why = await lab.host.waitUnhealthy(/failed to connect to NATS/);
    assert.match(
      why,
      /^component shop, link default \(wasmcloud:messaging\): failed to connect to NATS: /,
    );
    await lab.backing.restart();
    await lab.host.waitHealthy(30_000);
    const shop = await lab.component();
    (await lab.client()).publish("orders", "here");
    await until("a call", within, () => shop.calls === 1);
  });

  test("subscriptions change without a gap for those that stay", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    await lab.put(lab.handler("keep,old"));
    const outside = await lab.client();
    let sent = 0;
    const pace = setInterval(() => outside.publish("keep", `${sent++}`), 1);
    for (const list of ["keep,new", "new,keep|group", "keep"])
      await lab.put(lab.handler(list));
    clearInterval(pace);
    await outside.flush();
    outside.publish("old", "");
    outside.publish("new", "");
    outside.publish("keep", "last");
    await until("the last", within, () => {
      return shop.received.some(({ text }) => text === "last");
    });
    assert.deepEqual(
      new Set(shop.received.map(({ subject }) => subject)),
      new Set(["keep"]),
    );
    const texts = shop.received.map(({ text }) => text);
    assert.equal(new Set(texts).size, sent + 1);
  });

  test("a subscription that the server refuses fails the link, and leaves nothing of it behind", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    const user = await lab.account.user("limited", {
      claims: { sub: { allow: ["orders.>", "_INBOX.>"] } },
    });
    await lab.host.putLink(
      lab.handler("orders.>,secret", { secrets: lab.pair(user) }),
    );
    const why = await lab.host.waitUnhealthy(/secret/);
    assert.match(
      why,
      /component shop, link default .*The server refused the subscription to `secret`/,
    );
    const outside = await lab.client();
    outside.publish("orders.a", "");
    await outside.flush();
    await lab.put(lab.handler("orders.>", { secrets: lab.pair(user) }));
    await lab.host.waitHealthy();
    outside.publish("orders.b", "");
    await until("a call", within, () => shop.calls > 0);
    assert.deepEqual(
      shop.received.map(({ subject }) => subject),
      ["orders.b"],
    );
  });
});
