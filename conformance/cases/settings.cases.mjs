// Config keys, how they are read, and which settings apply to a link.
import { handler, subscribed, subscriptionsOf } from "./site.mjs";

export const settingsCases = [
  {
    id: "A.2 subscriptions",
    says: "`subscriptions` of a handler link: a plain one and one with a queue group",
    both: "orders.>, work|crew",
    act: async (site) => {
      const nats = await site.nats();
      const host = await site.host();
      await host.putLink(
        handler("shop", {
          cluster_uris: nats.url,
          subscriptions: "orders.>,work|crew",
        }),
      );
      await subscribed(nats, 2);
      return (await subscriptionsOf(nats)).join(", ");
    },
  },
];
