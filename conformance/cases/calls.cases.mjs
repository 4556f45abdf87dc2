// `publish` and `request` of a component.
import { consumer, linked, outcome, soon } from "./site.mjs";

export const callCases = [
  {
    id: "A.7 publish",
    says: "`publish` with a reply subject",
    both: "ok; orders.new: hello, reply to back.here",
    act: async (site) => {
      const nats = await site.nats();
      const shop = await site.component();
      const host = await site.host();
      const { messages } = await site.listen(nats, "orders.*");
      await host.putLink(consumer("shop", { cluster_uris: nats.url }));
      await linked(shop);
      const publish = shop.publish("orders.new", "hello", {
        replyTo: "back.here",
      });
      const done = await outcome(publish);
      const [message] = await soon(
        "the message",
        () => messages.length > 0 && messages,
      );
      return `${done}; ${message.subject}: ${message.string()}, reply to ${message.reply}`;
    },
  },
  {
    id: "A.8 no responders",
    says: "a request that nobody answers",
    both: "err(nats send error: no responders: no responders)",
    act: async (site) => {
      const nats = await site.nats();
      const shop = await site.component();
      const host = await site.host();
      await host.putLink(consumer("shop", { cluster_uris: nats.url }));
      await linked(shop);
      return outcome(shop.request("nobody", "?"));
    },
  },
  {
    id: "B48",
    says: "a component without a link publishes",
    ours: "err(component not linked: shop)",
    rust: "trap",
    act: async (site) => {
      const shop = await site.component();
      await site.host();
      return outcome(shop.publish("orders.new", "hello"));
    },
  },
];
