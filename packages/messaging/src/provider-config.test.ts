import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { makeTlsAuthority, natsServer, until } from "@keyturn/testkit";

import { MessagingLab, within } from "./testing/messaging-lab.test.js";

describe("the provider's own config and secrets", () => {
  test("are the defaults of every link; only what a link sets is replaced", async () => {
    await using lab = await MessagingLab.prepare();
    await lab.run({
      host: {
        config: { cluster_uris: lab.backing.url, subscriptions: "all" },
        secrets: lab.pair(),
      },
    });
    const shop = await lab.component();
    const bare = {
      source: "messaging",
      target: "shop",
      interfaces: ["handler"],
    };
    await lab.put(
      bare,
      { ...bare, name: "own", sourceConfig: { subscriptions: "own" } },
      { ...bare, name: "none", sourceConfig: { subscriptions: "" } },
      { source: "shop", target: "messaging", interfaces: ["consumer"] },
    );
    const outside = await lab.client();
    outside.publish("own", "");
    outside.publish("all", "");
    await until("both calls", within, () => shop.calls >= 2);
    await shop.publish("a", "");
    assert.deepEqual(shop.received.map(({ subject }) => subject).toSorted(), [
      "all",
      "own",
    ]);
    const [remark] = lab.eventsOf("config-remark");
    assert.equal(remark?.code, "MESSAGING_NO_SUBSCRIPTIONS");
    assert.equal(remark.link, "none");
  });

  test("a bad one fails every link with the reason, and links come up when it is corrected", async () => {
    await using lab = await MessagingLab.prepare();
    const shop = await lab.component();
    await lab.run({
      host: { config: { client_jwt: lab.user.jwt } },
      links: [lab.handler("orders")],
    });
    const why = await lab.host.waitUnhealthy(/./);
    assert.match(
      why,
      /The provider's config cannot be used: failed to build connection config: There is `client_jwt` without `client_seed` in the provider config: if you specify jwt, you must also specify a seed\. Put both of them into the same source\./,
    );
    await lab.host.updateConfig({});
    await lab.host.waitHealthy();
    (await lab.client()).publish("orders", "");
    await until("a call", within, () => shop.calls === 1);
  });

  test("a change takes effect on links that exist; a bad change leaves all as it was", async () => {
    await using lab = await MessagingLab.prepare();
    const shop = await lab.component();
    await lab.run({
      host: { config: { subscriptions: "one" } },
      links: [
        {
          ...lab.handler("x"),
          sourceConfig: { cluster_uris: lab.backing.url },
        },
      ],
    });
    await lab.host.waitHealthy();
    await lab.host.updateConfig({ subscriptions: "a b" });
    const why = await lab.host.waitUnhealthy(/a b/);
    assert.match(
      why,
      /provider config: The changed provider config was refused: .*The subject "a b" in `subscriptions` of the provider config cannot be used: it holds a blank\./,
    );
    const outside = await lab.client();
    outside.publish("one", "");
    await until("a call", within, () => shop.calls === 1);
    await lab.host.updateConfig({ subscriptions: "two" });
    await until("the link to change", within, () => {
      return lab.providerEvents.some(({ type }) => type === "link-changed");
    });
    await lab.host.waitHealthy();
    outside.publish("one", "");
    outside.publish("two", "");
    await until("a call", within, () => shop.calls === 2);
    assert.equal(shop.received[1]?.subject, "two");
  });

  test("TLS: a CA bundle of which the second counts, client certificate and key, another server name", async () => {
    const authority = makeTlsAuthority();
    const stranger = makeTlsAuthority();
    const certificate = authority.server({ names: ["nats.test"] });
    await using backing = await natsServer({
      tls: { ...certificate, clientAuthority: authority.certificate },
    });
    await using lab = await MessagingLab.start({ backing });
    const shop = await lab.component();
    const client = authority.client("shop");
    const config = {
      tls_ca: `${stranger.certificate}\n${authority.certificate}`,
      tls_cert: client.certificate,
      tls_server_name: "nats.test",
    };
    await lab.put(lab.consumer({ config, secrets: { tls_key: client.key } }));
    await shop.publish("a", "");
    await lab.host.putLink(
      lab.consumer({
        name: "stranger",
        config: { ...config, tls_ca: stranger.certificate },
        secrets: { tls_key: client.key },
      }),
    );
    assert.match(
      await lab.host.waitUnhealthy(/./),
      /link stranger .*failed to connect to NATS/,
    );
  });
});
