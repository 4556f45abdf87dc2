// Life of links: put, changed, deleted; and named ones.
import {
  comes,
  connected,
  connectionsOf,
  consumer,
  handler,
  healthSoon,
  linked,
  logOf,
  outcome,
  providerId,
  quiet,
  soon,
  subscribed,
  subscriptionsOf,
  yesNo,
} from "./site.mjs";

export const linkCases = [
  {
    id: "A.9 put twice",
    says: "the same link put twice: connections, deliveries of a message",
    both: "1 connection, once",
    act: async (site) => {
      const { nats, host, link, shop, client } = await site.delivering();
      await host.putLink(link);
      await quiet(300);
      client.publish("orders.new", "x");
      await soon("the message", () => shop.calls > 0);
      await quiet(200);
      const { length } = await connectionsOf(nats);
      return `${length} connection, ${shop.calls === 1 ? "once" : `${shop.calls} times`}`;
    },
  },
  {
    id: "A.9 delete of a handler link",
    says: "subscriptions and connection afterwards",
    both: "none, 0 connections",
    act: async (site) => {
      const { nats, host, link } = await site.delivering();
      await host.deleteLink(link);
      await comes(async () => (await connectionsOf(nats)).length === 0);
      const { length } = await connectionsOf(nats);
      return `${(await subscriptionsOf(nats)).join() || "none"}, ${length} connections`;
    },
  },
  {
    id: "A.9 delete of a consumer link",
    says: "`publish` afterwards, connections",
    ours: "err(component not linked: shop), 0 connections",
    rust: "trap, 0 connections",
    act: async (site) => {
      const { nats, host, link, shop } = await site.publishing();
      await host.deleteLink(link);
      await comes(async () => (await connectionsOf(nats)).length === 0);
      const done = await outcome(shop.publish("a", "x"));
      return `${done}, ${(await connectionsOf(nats)).length} connections`;
    },
  },
  {
    id: "A.9 delete of an unknown link",
    says: "health afterwards",
    both: "healthy",
    act: async (site) => {
      const host = await site.host();
      await host.deleteLink(consumer("nobody"));
      await host.deleteLink(handler("nobody"));
      return healthSoon(host);
    },
  },
  {
    id: "A.9 delete and put",
    says: "a link deleted and put again with other subscriptions",
    both: "other",
    act: async (site) => {
      const { nats, host, link } = await site.delivering();
      await host.deleteLink(link);
      await comes(async () => (await subscriptionsOf(nats)).length === 0);
      await host.putLink(
        handler("shop", { cluster_uris: nats.url, subscriptions: "other" }),
      );
      await subscribed(nats);
      return (await subscriptionsOf(nats)).join(", ");
    },
  },
  {
    id: "A.9 links of HostData",
    says: "links of the start, both ways",
    both: "orders.>, ok",
    act: async (site) => {
      const nats = await site.nats();
      const shop = await site.component();
      const config = { cluster_uris: nats.url };
      await site.host({
        links: [
          handler("shop", { ...config, subscriptions: "orders.>" }),
          consumer("shop", config),
        ],
      });
      await subscribed(nats);
      await linked(shop);
      return `${(await subscriptionsOf(nats)).join(", ")}, ${await outcome(shop.publish("a", "x"))}`;
    },
  },
  {
    id: "A.9 several components",
    says: "a message of each of two links reaches its component alone",
    both: "one: a, two: b",
    act: async (site) => {
      const nats = await site.nats();
      const [one, two] = [
        await site.component("one"),
        await site.component("two"),
      ];
      const host = await site.host();
      for (const [id, subscriptions] of [
        ["one", "a"],
        ["two", "b"],
      ])
        await host.putLink(
          handler(id, { cluster_uris: nats.url, subscriptions }),
        );
      await subscribed(nats, 2);
      const client = await site.client(nats);
      for (const subject of ["a", "b"]) client.publish(subject, "x");
      await soon("both", () => one.calls + two.calls === 2);
      await quiet(100);
      const of = ({ received }) => received.map((m) => m.subject).join();
      return `one: ${of(one)}, two: ${of(two)}`;
    },
  },
  {
    id: "B18",
    says: "two named links to one component, each with its subscription",
    ours: "a, b",
    rust: "b",
    act: async (site) => {
      const { nats } = await twoNamed(site);
      await comes(async () => (await subscriptionsOf(nats)).length === 2);
      return (await subscriptionsOf(nats)).join(", ");
    },
  },
  {
    id: "B19",
    says: "one of two named links is deleted: the other one",
    ours: "a",
    rust: "none",
    act: async (site) => {
      const { nats, host, links } = await twoNamed(site);
      await comes(async () => (await subscriptionsOf(nats)).length === 2);
      await host.deleteLink(links[1]);
      await comes(async () => !(await subscriptionsOf(nats)).includes("b"));
      await quiet();
      return (await subscriptionsOf(nats)).join(", ") || "none";
    },
  },
  {
    id: "B20",
    says: "two named consumer links to two servers: where `publish` goes by each",
    ours: "one: one, two: two",
    rust: "one: two, two: two",
    act: async (site) => {
      const [one, two] = [await site.nats(), await site.nats()];
      const host = await site.host();
      const shop = await site.component();
      const seen = {
        one: (await site.listen(one, "a")).messages,
        two: (await site.listen(two, "a")).messages,
      };
      for (const [name, nats] of Object.entries({ one, two })) {
        await host.putLink(
          consumer("shop", { cluster_uris: nats.url }, { name }),
        );
        await comes(async () => (await connectionsOf(nats)).length === 1, 1500);
        await linked(shop, name);
      }
      for (const link of ["one", "two"])
        await outcome(shop.publish("a", link, { link }));
      await comes(() => seen.one.length + seen.two.length === 2);
      const by = (link) =>
        Object.keys(seen)
          .filter((name) => seen[name].some((one) => one.string() === link))
          .join();
      return `one: ${by("one")}, two: ${by("two")}`;
    },
  },
  {
    id: "B22",
    says: "a link is put again with other subscriptions",
    ours: "other",
    rust: "orders.>",
    act: async (site) => {
      const { nats, host } = await site.delivering();
      await host.putLink(
        handler("shop", { cluster_uris: nats.url, subscriptions: "other" }),
      );
      await comes(async () => (await subscriptionsOf(nats)).includes("other"));
      await quiet(200);
      return (await subscriptionsOf(nats)).join(", ");
    },
  },
  {
    id: "B22 secrets",
    says: "a link is put again with the credential of another user",
    ours: "second user",
    rust: "first user",
    act: async (site) => {
      const { account, nats } = await site.operated();
      const [first, second] = [
        await account.user("a"),
        await account.user("b"),
      ];
      const host = await site.host();
      const link = ({ jwt, seed }) =>
        handler(
          "shop",
          { cluster_uris: nats.url, subscriptions: "orders.>" },
          { secrets: { client_jwt: jwt, client_seed: seed } },
        );
      await host.putLink(link(first));
      await subscribed(nats);
      await host.putLink(link(second));
      const user = async () =>
        (await connectionsOf(nats)).map((one) => one.authorized_user).join();
      await comes(async () => (await user()) === second.publicKey);
      return (await user())
        .replace(first.publicKey, "first user")
        .replace(second.publicKey, "second user");
    },
  },
  {
    id: "B31",
    says: "connections of four links of equal settings",
    ours: "1",
    rust: "4",
    act: async (site) => {
      const nats = await site.nats();
      const host = await site.host();
      for (const id of ["a", "b", "c", "d"])
        await host.putLink(
          handler(id, { cluster_uris: nats.url, subscriptions: id }),
        );
      await subscribed(nats, 4);
      return String((await connectionsOf(nats)).length);
    },
  },
  {
    id: "B32",
    says: "a handler link without subscriptions",
    ours: "a warning",
    rust: "no word",
    act: async (site) => {
      const nats = await site.nats();
      const host = await site.host();
      await host.putLink(handler("shop", { cluster_uris: nats.url }));
      await connected(nats).catch(() => {});
      const told = await comes(() => /no subscri/i.test(logOf(host)), 1000);
      return yesNo(told, "a warning", "no word");
    },
  },
  {
    id: "B28",
    says: "5,000 messages have come to the provider when the link is deleted: handled by the component",
    ours: "all",
    rust: "not all",
    act: async (site) => {
      const { host, link, shop, client } = await site.delivering();
      // So that the messages are in its socket when it reads of the delete.
      host.kill("SIGSTOP");
      for (let at = 0; at < 5000; at++) client.publish("orders.new", "x");
      await client.flush();
      await host.deleteLink(link);
      await host.connection.flush();
      await quiet(100);
      host.kill("SIGCONT");
      const all = await comes(() => shop.calls === 5000, 10_000);
      return yesNo(all, "all", "not all");
    },
  },
  {
    id: "H missed link",
    says: "a link that hosts tell who asks, and have sent to nobody: it was put while the provider started",
    ours: "linked",
    rust: "never",
    act: async (site) => {
      const nats = await site.nats();
      const hosts = await site.client(await site.lattice());
      const answers = {
        "link.get": [
          {
            source_id: providerId,
            target: "shop",
            name: "default",
            wit_namespace: "wasmcloud",
            wit_package: "messaging",
            interfaces: ["handler"],
            source_config: ["orders"],
            target_config: [],
          },
        ],
        "config.get.orders": {
          cluster_uris: nats.url,
          subscriptions: "orders",
        },
      };
      const prefix = "wasmbus.ctl.v1.default.";
      hosts.subscribe(`${prefix}>`, {
        callback: (_error, message) => {
          const response = answers[message.subject.slice(prefix.length)];
          message.respond(
            JSON.stringify({ success: true, message: "", response }),
          );
        },
      });
      await hosts.flush();
      await site.host();
      const up = await comes(
        async () => (await subscriptionsOf(nats)).length === 1,
      );
      return yesNo(up, "linked", "never");
    },
  },
];

/** A component with two named links, of the subscriptions `a` and `b`. */
async function twoNamed(site) {
  const nats = await site.nats();
  const host = await site.host();
  const links = ["a", "b"].map((name) =>
    handler("shop", { cluster_uris: nats.url, subscriptions: name }, { name }),
  );
  for (const link of links) {
    await host.putLink(link);
    await subscribed(nats).catch(() => {});
    if (link === links[0]) await subscribed(nats);
  }
  return { nats, host, links };
}
