// Messages to a component.
import { handler, soon, subscribed } from "./site.mjs";

export const deliveryCases = [
  {
    id: "A.6 broker-message",
    says: "subject, body and reply subject reach the component",
    both: "orders.new: hello, reply to back.here",
    act: async (site) => {
      const nats = await site.nats();
      const shop = await site.component();
      const host = await site.host();
      await host.putLink(
        handler("shop", { cluster_uris: nats.url, subscriptions: "orders.*" }),
      );
      await subscribed(nats);
      const client = await site.client(nats);
      client.publish("orders.new", "hello", { reply: "back.here" });
      await soon("the message", () => shop.calls === 1);
      const [{ subject, text, replyTo }] = shop.received;
      return `${subject}: ${text}, reply to ${replyTo}`;
    },
  },
];
