// Config keys, how they are read, and which settings apply to a link.
import {
  comes,
  connected,
  connectedTo,
  connectionsOf,
  connectsBy,
  consumer,
  handler,
  healthSoon,
  linked,
  outcome,
  quiet,
  refusal,
  subscribed,
  subscriptionsOf,
  yesNo,
} from "./site.mjs";

/** What the provider is subscribed to by a handler link of such a config. */
const subscribedBy = (list) => async (site) => {
  const nats = await site.nats();
  const host = await site.host();
  await host.putLink(
    handler("shop", { cluster_uris: nats.url, subscriptions: list }),
  );
  await comes(async () => (await subscriptionsOf(nats)).length > 0, 1500);
  const found = await subscriptionsOf(nats);
  if (found.length > 0) return found.join(", ");
  return `refused, ${await healthSoon(host)}`;
};

export const settingsCases = [
  {
    id: "A.2 subscriptions",
    says: "`subscriptions`: a plain one and one with a queue group",
    both: "orders.>, work|crew",
    act: subscribedBy("orders.>,work|crew"),
  },
  {
    id: "A.2 custom_inbox_prefix",
    says: "the reply subject of a request begins with it",
    both: "my.inbox",
    act: async (site) => {
      const { shop, client } = await site.publishing({
        config: { custom_inbox_prefix: "my.inbox" },
      });
      let reply = "";
      client.subscribe("ask", {
        callback: (_error, message) => {
          reply = message.reply;
          message.respond("answer");
        },
      });
      await client.flush();
      await shop.request("ask", "?");
      return reply.slice(0, "my.inbox".length);
    },
  },
  {
    id: "A.2 unknown keys",
    says: "a link with an unknown key",
    both: "orders",
    act: async (site) => {
      const nats = await site.nats();
      const host = await site.host();
      await host.putLink(
        handler("shop", {
          cluster_uris: nats.url,
          subscriptions: "orders",
          colour: "blue",
        }),
      );
      await subscribed(nats);
      return (await subscriptionsOf(nats)).join(", ");
    },
  },
  {
    id: "A.3 blanks",
    says: "`subscriptions`: `a, b`",
    both: "a, b",
    act: subscribedBy("a, b"),
  },
  {
    id: "A.3 empty entries",
    says: "`subscriptions`: `,a,,`",
    both: "a",
    act: subscribedBy(",a,,"),
  },
  {
    id: "A.3 bars",
    says: "`subscriptions`: `a|b|c`",
    both: "a|b|c",
    act: subscribedBy("a|b|c"),
  },
  {
    id: "A.3 empty list",
    says: "`subscriptions` empty on a link clears those of the provider",
    both: "none",
    act: async (site) => {
      const nats = await site.nats();
      const host = await site.host({
        config: { cluster_uris: nats.url, subscriptions: "orders" },
      });
      await host.putLink(
        handler("shop", { cluster_uris: nats.url, subscriptions: "" }),
      );
      await comes(async () => (await connectionsOf(nats)).length > 0, 1500);
      await quiet();
      return (await subscriptionsOf(nats)).join(", ") || "none";
    },
  },
  {
    id: "A.3 queue group missing (B16)",
    says: "`subscriptions`: `a|`",
    ours: "refused, unhealthy",
    rust: "a",
    act: subscribedBy("a|"),
  },
  {
    id: "A.3 subject missing (B16)",
    says: "`subscriptions`: `|q`",
    ours: "refused, unhealthy",
    rust: "q",
    act: subscribedBy("|q"),
  },
  {
    id: "B16",
    says: "a blank within a subject: `foo bar`",
    ours: "refused, unhealthy",
    rust: "foo|bar",
    act: subscribedBy("foo bar"),
  },
  {
    id: "A.3 cluster_uris empty",
    says: "`cluster_uris` present and empty",
    ours: "failed to build connection config",
    rust: "failed to connect to NATS",
    act: refusal({ cluster_uris: "" }),
  },
  {
    id: "A.3 address without scheme",
    says: "`cluster_uris`: `host:port`",
    both: "connected as nobody",
    act: connectsBy((port) => `127.0.0.1:${port}`),
  },
  {
    id: "A.3 invalid scheme",
    says: "`cluster_uris`: `http://…`",
    ours: "failed to build connection config",
    rust: "failed to connect to NATS, invalid scheme for NATS server URL: http",
    act: refusal({ cluster_uris: "http://127.0.0.1:1" }),
  },
  {
    id: "A.4 handler, empty config",
    says: "a handler link without config has the provider's server and subscriptions",
    both: "orders",
    act: async (site) => {
      const nats = await site.nats();
      const host = await site.host({
        config: { cluster_uris: nats.url, subscriptions: "orders" },
      });
      await host.putLink(handler("shop"));
      await subscribed(nats);
      return (await subscriptionsOf(nats)).join(", ");
    },
  },
  {
    id: "A.4 handler, own config",
    says: "what a handler link sets replaces the provider's",
    both: "provider's server: none; link's server: own",
    act: async (site) => {
      const [theirs, own] = [await site.nats(), await site.nats()];
      const host = await site.host({
        config: { cluster_uris: theirs.url, subscriptions: "orders" },
      });
      await host.putLink(
        handler("shop", { cluster_uris: own.url, subscriptions: "own" }),
      );
      await subscribed(own);
      const other = (await subscriptionsOf(theirs)).join() || "none";
      return `provider's server: ${other}; link's server: ${(await subscriptionsOf(own)).join()}`;
    },
  },
  {
    id: "A.4 consumer, empty config",
    says: "a consumer link without config has the provider's server",
    both: "ok",
    act: async (site) => {
      const nats = await site.nats();
      const host = await site.host({ config: { cluster_uris: nats.url } });
      const shop = await site.component();
      await host.putLink(consumer("shop"));
      await linked(shop);
      return outcome(shop.publish("orders", "x"));
    },
  },
  {
    id: "B5",
    says: "the first of two `cluster_uris` is down",
    ours: "connected",
    rust: "not connected",
    act: async (site) => {
      const [down, nats] = [await site.nats(), await site.nats()];
      await down.stop();
      const host = await site.host();
      await host.putLink(
        consumer("shop", { cluster_uris: `${down.url},${nats.url}` }),
      );
      return connectedTo(nats);
    },
  },
  {
    id: "B6",
    says: "a link sets `subscriptions`, its server is in the provider's config",
    ours: "orders",
    rust: "none",
    act: async (site) => {
      const nats = await site.nats();
      const host = await site.host({ config: { cluster_uris: nats.url } });
      await host.putLink(handler("shop", { subscriptions: "orders" }));
      await comes(async () => (await subscriptionsOf(nats)).length > 0);
      return (await subscriptionsOf(nats)).join(", ") || "none";
    },
  },
  {
    id: "B7",
    says: "subscriptions of the provider's config on a consumer link",
    ours: "none",
    rust: "orders",
    act: async (site) => {
      const nats = await site.nats();
      const host = await site.host({
        config: { cluster_uris: nats.url, subscriptions: "orders" },
      });
      const shop = await site.component();
      await host.putLink(consumer("shop", { cluster_uris: nats.url }));
      await linked(shop);
      await comes(async () => (await subscriptionsOf(nats)).length > 0, 1000);
      return (await subscriptionsOf(nats)).join(", ") || "none";
    },
  },
  {
    id: "B8",
    says: "`ping_interval_sec` of 1",
    see: "ping_interval_sec",
    ours: "pings",
    rust: "no effect",
    act: async (site) => {
      const nats = await site.nats();
      const proxy = await site.proxy(nats);
      const host = await site.host();
      await host.putLink(
        consumer("shop", { cluster_uris: proxy.url, ping_interval_sec: "1" }),
      );
      await connected(nats);
      const pings = () =>
        proxy.recorded("toServer").toString("latin1").split("PING\r\n").length;
      const before = pings();
      return yesNo(
        await comes(() => pings() >= before + 2, 5000),
        "pings",
        "no effect",
      );
    },
  },
  {
    id: "B14",
    says: "`custom_inbox_prefix` of `my.>`: a request",
    ours: "answer",
    rust: "err(nats request timed out: deadline has elapsed)",
    act: async (site) => {
      const { shop, client } = await site.publishing({
        config: { custom_inbox_prefix: "my.>" },
      });
      client.subscribe("ask", {
        callback: (_error, message) => message.respond("answer"),
      });
      await client.flush();
      return outcome(shop.request("ask", "?", { timeoutMs: 1000 }));
    },
  },
  {
    id: "B15",
    says: "the key `SUBSCRIPTIONS`, as the Rust provider's README has it",
    ours: "a hint names `subscriptions`",
    rust: "no word",
    act: async (site) => {
      const nats = await site.nats();
      const host = await site.host();
      await host.putLink(
        handler("shop", { cluster_uris: nats.url, SUBSCRIPTIONS: "orders" }),
      );
      await connected(nats).catch(() => {});
      const hinted = await comes(
        () => /SUBSCRIPTIONS.*`subscriptions`/.test(host.stderr.text()),
        1500,
      );
      return yesNo(hinted, "a hint names `subscriptions`", "no word");
    },
  },
];
