// Messages to a component.
import { headers } from "@nats-io/nats-core";
import {
  comes,
  consumer,
  handleMessageSubject,
  handler,
  healthSoon,
  linked,
  logOf,
  quiet,
  soon,
  subscribed,
  yesNo,
} from "./site.mjs";

const request = (client, subject, ms = 1000) =>
  client.request(subject, "?", { timeout: ms }).then(
    (message) =>
      message.headers?.get("Nats-Service-Error-Code")
        ? `error reply ${message.headers.get("Nats-Service-Error-Code")}`
        : `reply ${message.string()}`,
    () => "no reply",
  );

/** How many messages are with a component at once, of many. */
const atOnce = (count) => async (site) => {
  let open;
  const held = new Promise((resolve) => (open = resolve));
  // Counted on the lattice: the component of the test has limits of its own.
  const calls = await site.spy(handleMessageSubject("shop"));
  const { shop, client } = await site.delivering({ handle: () => held });
  for (let at = 0; at < count; at++) client.publish("orders.new", "x");
  await client.flush();
  await comes(() => calls.length === count);
  const { length } = calls;
  open();
  await soon("all", () => shop.calls === count);
  return `${length} of ${count} at once, then all`;
};

export const deliveryCases = [
  {
    id: "A.6 broker-message",
    says: "subject, body and reply subject reach the component",
    both: "orders.new: hello, reply to back.here",
    act: async (site) => {
      const { shop, client } = await site.delivering();
      client.publish("orders.new", "hello", { reply: "back.here" });
      await soon("the message", () => shop.calls === 1);
      const [{ subject, text, replyTo }] = shop.received;
      return `${subject}: ${text}, reply to ${replyTo}`;
    },
  },
  {
    id: "A.6 no reply subject",
    says: "a message without a reply subject, without a body",
    both: "0 bytes, reply to undefined",
    act: async (site) => {
      const { shop, client } = await site.delivering();
      client.publish("orders.new");
      await soon("the message", () => shop.calls === 1);
      const [{ body, replyTo }] = shop.received;
      return `${body.length} bytes, reply to ${replyTo}`;
    },
  },
  {
    id: "A.6 large body",
    says: "a message of 1,000,000 bytes (several chunks on the lattice)",
    both: "1000000 bytes",
    act: async (site) => {
      const lattice = await site.nats({ maxPayload: 300_000 });
      site.onLattice(lattice);
      const { shop, client } = await site.delivering();
      client.publish("orders.new", new Uint8Array(1_000_000));
      await soon("the message", () => shop.calls === 1);
      return `${shop.received[0].body.length} bytes`;
    },
  },
  {
    id: "A.6 call headers",
    says: "headers of the call to the component",
    both: "source-id: messaging, target-id: shop",
    act: async (site) => {
      const calls = await site.spy(handleMessageSubject("shop"));
      const { client } = await site.delivering();
      client.publish("orders.new", "hello");
      await soon("the call", () => calls.length > 0);
      const sent = calls[0].headers;
      return ["source-id", "target-id"]
        .map((name) => `${name}: ${sent.get(name)}`)
        .join(", ");
    },
  },
  {
    id: "A.6 queue group",
    says: "100 messages, a queue group shared with another subscriber",
    both: "each once, both got some",
    act: async (site) => {
      const { shop, client } = await site.delivering({
        config: { subscriptions: "orders.>|crew" },
      });
      let others = 0;
      client.subscribe("orders.>", { queue: "crew", callback: () => others++ });
      await client.flush();
      for (let at = 0; at < 100; at++) client.publish("orders.new", "x");
      await soon("all", () => shop.calls + others >= 100);
      await quiet(100);
      const some = shop.calls > 0 && others > 0;
      return yesNo(
        shop.calls + others === 100 && some,
        "each once, both got some",
        `${shop.calls} and ${others}`,
      );
    },
  },
  {
    id: "A.6 concurrency",
    says: "100 messages onto a component that holds them",
    both: "100 of 100 at once, then all",
    act: atOnce(100),
  },
  {
    id: "B33",
    says: "600 messages onto a component that holds them",
    see: "concurrency",
    ours: "256 of 600 at once, then all",
    rust: "600 of 600 at once, then all",
    act: atOnce(600),
  },
  {
    id: "B33 order",
    says: "`order_by_subject`: 20 messages, the earlier ones take longer",
    see: "order_by_subject",
    ours: "finished in order",
    rust: "finished out of order",
    act: async (site) => {
      const finished = [];
      const handle = async ({ text }) => {
        await quiet(100 - Number(text) * 5);
        finished.push(Number(text));
      };
      const { client } = await site.delivering({
        handle,
        config: { order_by_subject: "true" },
      });
      for (let at = 0; at < 20; at++) client.publish("orders.new", String(at));
      await soon("all", () => finished.length === 20);
      const inOrder = finished.every((number, at) => number === at);
      return `finished ${yesNo(inOrder, "in", "out of")} order`;
    },
  },
  {
    id: "A.6 component replies",
    says: "a request that the component answers by `publish`",
    both: "reply pong",
    act: async (site) => {
      const nats = await site.nats();
      const { client, host } = await site.delivering({
        nats,
        handle: async ({ replyTo }, component) => {
          await component.publish(replyTo, "pong");
        },
      });
      await host.putLink(consumer("shop", { cluster_uris: nats.url }));
      const other = await site.component("probe");
      await host.putLink(consumer("probe", { cluster_uris: nats.url }));
      await linked(other);
      return request(client, "orders.new", 3000);
    },
  },
  {
    id: "A.6 component's error",
    says: "the component answers a request with an error",
    both: "no reply",
    act: async (site) => {
      const { client } = await site.delivering({ handle: () => "boom" });
      return request(client, "orders.new");
    },
  },
  {
    id: "B34",
    says: "the component's error in the log",
    ours: "told",
    rust: "no word",
    act: async (site) => {
      const { client, shop, host } = await site.delivering({
        handle: () => "boom-in-shop",
      });
      client.publish("orders.new", "x");
      await soon("the message", () => shop.calls === 1);
      const told = await comes(
        () => logOf(host).includes("boom-in-shop"),
        1000,
      );
      return yesNo(told, "told", "no word");
    },
  },
  {
    id: "B39",
    says: "`error_replies`: the component answers a request with an error",
    see: "error_replies",
    ours: "error reply 500",
    rust: "no reply",
    act: async (site) => {
      const { client } = await site.delivering({
        handle: () => "boom",
        config: { error_replies: "true" },
      });
      return request(client, "orders.new");
    },
  },
  {
    id: "B34 dead letters",
    says: "`dead_letter_subject`: the component answers with an error",
    see: "dead_letter_subject",
    ours: "kept",
    rust: "gone",
    act: async (site) => {
      const nats = await site.nats();
      const { messages } = await site.listen(nats, "dead");
      const { client, shop } = await site.delivering({
        nats,
        handle: () => "boom",
        config: { dead_letter_subject: "dead" },
      });
      client.publish("orders.new", "x");
      await soon("the message", () => shop.calls === 1);
      return yesNo(
        await comes(() => messages.length === 1, 1500),
        "kept",
        "gone",
      );
    },
  },
  {
    id: "B35",
    says: "`handler_timeout_ms` of 500: a component that never answers",
    see: "handler_timeout_ms",
    ours: "told",
    rust: "no word",
    act: async (site) => {
      const { client, shop, host } = await site.delivering({
        handle: () => new Promise(() => {}),
        config: { handler_timeout_ms: "500" },
      });
      const before = logOf(host).length;
      client.publish("orders.new", "x");
      await soon("the message", () => shop.calls === 1);
      const told = await comes(
        () => /ERROR|WARN/.test(logOf(host).slice(before)),
        3000,
      );
      return yesNo(told, "told", "no word");
    },
  },
  {
    id: "B36",
    says: "the log tells why a component could not be called: nobody serves it",
    ours: "yes",
    rust: "no",
    act: async (site) => {
      const { host, shop, client } = await site.delivering();
      await shop.close();
      await quiet(100);
      const before = logOf(host).length;
      client.publish("orders.new", "hello");
      await comes(() => /ERROR|WARN/.test(logOf(host).slice(before)));
      await quiet(100);
      const told = logOf(host).slice(before);
      return yesNo(/nobody is subscr|no responders/i.test(told), "yes", "no");
    },
  },
  {
    id: "B37",
    says: "log level `debug`: the body of a message in the log",
    ours: "no",
    rust: "yes",
    act: async (site) => {
      const { client, shop, host } = await site.delivering({
        host: { logLevel: "debug" },
      });
      client.publish("orders.new", "canary-in-body");
      await soon("the message", () => shop.calls === 1);
      await quiet(200);
      const bytes = [...Buffer.from("canary-in-body")].join(", ");
      const log = logOf(host);
      return yesNo(
        log.includes("canary-in-body") || log.includes(bytes),
        "yes",
        "no",
      );
    },
  },
  {
    id: "B40",
    says: "`queue_group`: a plain subscription, two copies of the provider",
    see: "queue_group",
    ours: "once",
    rust: "2 times",
    act: async (site) => {
      const nats = await site.nats();
      const config = {
        cluster_uris: nats.url,
        subscriptions: "orders.>",
        queue_group: "crew",
      };
      const shop = await site.component();
      for (const host of [await site.host(), await site.host()])
        await host.putLink(handler("shop", config));
      await subscribed(nats, 2);
      const client = await site.client(nats);
      client.publish("orders.new", "x");
      await soon("the message", () => shop.calls > 0);
      await quiet();
      return shop.calls === 1 ? "once" : `${shop.calls} times`;
    },
  },
  {
    id: "B41",
    says: "the server denies the subscription",
    ours: "unhealthy",
    rust: "healthy",
    act: async (site) => {
      const permissions = { subscribe: { deny: "orders.>" } };
      const nats = await site.nats({
        config: {
          authorization: {
            users: [{ user: "ada", password: "pw", permissions }],
          },
          no_auth_user: "ada",
        },
      });
      const host = await site.host();
      await host.putLink(
        handler("shop", { cluster_uris: nats.url, subscriptions: "orders.>" }),
      );
      return healthSoon(host);
    },
  },
  {
    id: "B38",
    says: "a message with headers of its own: what the component gets of it",
    both: "subject, body, reply subject",
    act: async (site) => {
      const { shop, client } = await site.delivering();
      const own = headers();
      own.set("Priority", "high");
      const reply = "back.here";
      client.publish("orders.new", "x", { headers: own, reply });
      await soon("the message", () => shop.received.length > 0);
      // `from` and `text` are the double's own.
      const { from: _from, text: _text, ...got } = shop.received[0];
      return Object.keys(got)
        .map((name) => (name === "replyTo" ? "reply subject" : name))
        .join(", ");
    },
  },
];
