// Links whose server is down, silent or gone, and what they do to others; health.
import { createServer } from "node:net";
import {
  comes,
  consumer,
  handler,
  healthSoon,
  outcome,
  quiet,
  soon,
  subscribed,
  subscriptionsOf,
  yesNo,
} from "./site.mjs";

/** An address that takes connections and never says a word. */
async function silence(site) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  site.defer(
    () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(resolve);
      }),
  );
  const { port } = server.address();
  return { url: `nats://127.0.0.1:${port}`, dialled: () => sockets.size > 0 };
}

/** Whether something is done although a server says nothing. */
const blocked = (done) =>
  Promise.race([
    done.then(() => "goes on"),
    quiet(8000).then(() => "blocked for 8 s"),
  ]);

export const troubleCases = [
  {
    id: "B21",
    says: "the server is down when the link is put, and comes up afterwards",
    ours: "linked",
    rust: "never",
    act: async (site) => {
      const nats = await site.nats();
      const proxy = await site.proxy(nats);
      proxy.refuse();
      const host = await site.host();
      await host.putLink(
        handler("shop", { cluster_uris: proxy.url, subscriptions: "orders" }),
      );
      await quiet(500);
      proxy.heal();
      const up = await comes(
        async () => (await subscriptionsOf(nats)).length === 1,
        5000,
      );
      return yesNo(up, "linked", "never");
    },
  },
  {
    id: "B23",
    says: "a link to a server that says nothing is put: `publish` by another link",
    ours: "goes on",
    rust: "blocked for 8 s",
    act: async (site) => {
      const { shop, host } = await site.publishing();
      const mute = await silence(site);
      await host.putLink(consumer("other", { cluster_uris: mute.url }));
      await soon("the dial", mute.dialled);
      return blocked(outcome(shop.publish("a", "x")));
    },
  },
  {
    id: "B24",
    says: "the same: health",
    ours: "goes on",
    rust: "blocked for 8 s",
    act: async (site) => {
      const host = await site.host();
      const mute = await silence(site);
      await host.putLink(consumer("other", { cluster_uris: mute.url }));
      await soon("the dial", mute.dialled);
      return blocked(
        host.connection.request(host.subjects.health, "", { timeout: 10_000 }),
      );
    },
  },
  {
    id: "B25",
    says: "two links of the start to servers that say nothing, one to a good one: the good one",
    ours: "goes on",
    rust: "blocked for 8 s",
    act: async (site) => {
      const nats = await site.nats();
      const mute = await silence(site);
      const subscriptions = "orders";
      await site.startHost({
        links: [
          handler("a", { cluster_uris: mute.url, subscriptions }),
          handler("b", { cluster_uris: mute.url, subscriptions }),
          handler("c", { cluster_uris: nats.url, subscriptions }),
        ],
      });
      return blocked(
        comes(async () => (await subscriptionsOf(nats)).length === 1, 10_000),
      );
    },
  },
  {
    id: "B57",
    says: "health, and a link whose server is down",
    ours: "unhealthy",
    rust: "healthy",
    act: async (site) => {
      const host = await site.host();
      await host.putLink(consumer("shop", { cluster_uris: "127.0.0.1:1" }));
      return healthSoon(host);
    },
  },
  {
    id: "B57 lost later",
    says: "health, and a link whose server has gone",
    ours: "unhealthy",
    rust: "healthy",
    act: async (site) => {
      const { nats, host } = await site.publishing();
      await nats.stop();
      return healthSoon(host);
    },
  },
  {
    id: "B58",
    says: "another server in the provider's config",
    ours: "moved",
    rust: "stayed",
    act: async (site) => {
      const [from, to] = [await site.nats(), await site.nats()];
      const subscriptions = "orders";
      const host = await site.host({
        config: { cluster_uris: from.url, subscriptions },
      });
      await host.putLink(handler("shop"));
      await subscribed(from);
      await host.updateConfig({ cluster_uris: to.url, subscriptions });
      const moved = await comes(
        async () =>
          (await subscriptionsOf(to)).length === 1 &&
          (await subscriptionsOf(from)).length === 0,
      );
      return yesNo(moved, "moved", "stayed");
    },
  },
  {
    id: "H expired JWT",
    says: "a JWT that has expired: how often it is presented in 3 s",
    ours: "not at all",
    rust: "again and again",
    act: async (site) => {
      const { account, nats } = await site.operated();
      const user = await account.user("shop", { expiresInSeconds: 2 });
      const proxy = await site.proxy(nats);
      const host = await site.host();
      await host.putLink(
        handler("shop", {
          cluster_uris: proxy.url,
          subscriptions: "orders",
          client_jwt: user.jwt,
          client_seed: user.seed,
        }),
      );
      await subscribed(nats);
      await soon(
        "the end",
        async () => (await subscriptionsOf(nats)).length === 0,
      );
      const before = proxy.accepted;
      await quiet(3000);
      const times = proxy.accepted - before;
      if (times === 0) return "not at all";
      return times > 3 ? "again and again" : `${times} times`;
    },
  },
];
