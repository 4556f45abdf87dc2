// `publish` and `request` of a component.
import { headers } from "@nats-io/nats-core";
import {
  comes,
  connected,
  consumer,
  linked,
  outcome,
  quiet,
  rawPublish,
  rawRequest,
  text,
  yesNo,
} from "./site.mjs";
import { traced } from "./traces.cases.mjs";

/** A component whose requests on `ask` a client answers. */
const asking = async (site, answer, options) => {
  const made = await site.publishing(options);
  made.client.subscribe("ask", {
    callback: (_error, message) => answer(message),
  });
  await made.client.flush();
  return made;
};

/** The one message that comes on a subject when a component publishes. */
const published = async (site, subject, publish, options = {}) => {
  const nats = options.nats ?? (await site.nats());
  const { messages } = await site.listen(nats, subject, options.listener);
  const { shop } = await site.publishing({ ...options, nats });
  const done = await outcome(publish(shop));
  const came = await comes(() => messages.length > 0);
  return { done, message: came ? messages[0] : undefined };
};

/** A server on which links publish as a user of the system account. */
const system = async (site) => {
  const user = { user: "sys", password: "pw" };
  const nats = await site.nats({
    config: {
      accounts: { SYS: { users: [user] } },
      system_account: "SYS",
      no_auth_user: "sys",
    },
  });
  return { nats };
};

/** Whether what is published on `$SYS` with traces switched on has headers. */
const headersOnSystem = (options) => async (site) => {
  const { message } = await published(
    site,
    "$SYS.conformance",
    (shop) => shop.publish("$SYS.conformance", "x", options),
    { ...(await system(site)), host: traced },
  );
  if (message === undefined) return "nothing came";
  return yesNo(message.headers, "headers", "no headers");
};

/** What a call without a link comes to, by the headers it has. */
const unlinked = (sent, call) => async (site) => {
  await site.host();
  const raw = await site.rawConsumer(sent);
  const answer = await outcome(
    call(raw).then((result) => {
      if (result.tag === "err") throw new Error(result.val);
    }),
  );
  return answer;
};

export const callCases = [
  {
    id: "A.7 publish",
    says: "`publish` with a reply subject",
    both: "ok; orders.new: hello, reply to back.here",
    act: async (site) => {
      const { done, message } = await published(site, "orders.*", (shop) =>
        shop.publish("orders.new", "hello", { replyTo: "back.here" }),
      );
      return `${done}; ${message.subject}: ${message.string()}, reply to ${message.reply}`;
    },
  },
  {
    id: "A.7 no reply subject",
    says: "`publish` without one: reply and headers of the message",
    both: "ok; reply none, headers none",
    act: async (site) => {
      const { done, message } = await published(site, "orders.*", (shop) =>
        shop.publish("orders.new", "hello"),
      );
      return `${done}; reply ${message.reply || "none"}, headers ${message.headers ?? "none"}`;
    },
  },
  {
    id: "A.7 large body",
    says: "`publish` of 1,000,000 bytes (several chunks on the lattice)",
    both: "ok; 1000000 bytes",
    act: async (site) => {
      site.onLattice(await site.nats({ maxPayload: 300_000 }));
      const { done, message } = await published(site, "orders.*", (shop) =>
        shop.publish("orders.new", new Uint8Array(1_000_000)),
      );
      return `${done}; ${message.data.length} bytes`;
    },
  },
  {
    id: "B51",
    says: "`publish` with an empty text as reply subject",
    both: "ok; reply none",
    act: async (site) => {
      const { done, message } = await published(site, "orders.*", (shop) =>
        shop.publish("orders.new", "hello", { replyTo: "" }),
      );
      return `${done}; reply ${message.reply || "none"}`;
    },
  },
  {
    id: "A.8 reply",
    says: "a request and its answer",
    both: "pong on the inbox, reply to undefined",
    act: async (site) => {
      const { shop } = await asking(site, (message) => message.respond("pong"));
      const { subject, body, replyTo } = await shop.request("ask", "ping");
      return `${text(body)} on ${yesNo(subject.startsWith("_INBOX."), "the inbox", subject)}, reply to ${replyTo}`;
    },
  },
  {
    id: "A.8 reply with a reply subject",
    says: "the answer wants an answer itself",
    both: "pong, reply to back.here",
    act: async (site) => {
      const { shop, client } = await site.publishing();
      client.subscribe("ask", {
        callback: (_error, message) =>
          client.publish(message.reply, "pong", { reply: "back.here" }),
      });
      await client.flush();
      const { body, replyTo } = await shop.request("ask", "ping");
      return `${text(body)}, reply to ${replyTo}`;
    },
  },
  {
    id: "A.8 large reply",
    says: "an answer of 1,000,000 bytes (several chunks on the lattice)",
    both: "1000000 bytes",
    act: async (site) => {
      site.onLattice(await site.nats({ maxPayload: 300_000 }));
      const { shop } = await asking(site, (message) =>
        message.respond(new Uint8Array(1_000_000)),
      );
      return `${(await shop.request("ask", "?")).body.length} bytes`;
    },
  },
  {
    id: "A.8 timed out",
    says: "a request that is not answered within `timeout-ms`",
    both: "err(nats request timed out: deadline has elapsed)",
    act: async (site) => {
      const { shop } = await asking(site, () => {});
      return outcome(shop.request("ask", "?", { timeoutMs: 200 }));
    },
  },
  {
    id: "A.8 no time",
    says: "`timeout-ms` of 0",
    both: "err(nats request timed out: deadline has elapsed)",
    act: async (site) => {
      const { shop } = await asking(site, () => {});
      return outcome(shop.request("ask", "?", { timeoutMs: 0 }));
    },
  },
  {
    id: "A.8 no responders",
    says: "a request that nobody answers",
    both: "err(nats send error: no responders: no responders)",
    act: async (site) => {
      const { shop } = await site.publishing();
      return outcome(shop.request("nobody", "?"));
    },
  },
  {
    id: "B13",
    says: "`timeout-ms` of 13,000, the answer comes after 11 s",
    ours: "pong",
    rust: "err(nats send error: request timed out: deadline has elapsed)",
    act: async (site) => {
      const { shop } = await asking(site, (message) => {
        void quiet(11_000).then(() => message.respond("pong"));
      });
      return outcome(shop.request("ask", "?", { timeoutMs: 13_000 }));
    },
  },
  {
    id: "B53",
    says: "an answer with the status 408",
    ours: "err(nats send error: status 408 Request Timeout)",
    rust: "an empty answer",
    act: async (site) => {
      const { shop } = await asking(site, (message) =>
        message.respond("", { headers: headers(408, "Request Timeout") }),
      );
      return (await outcome(shop.request("ask", "?"))) || "an empty answer";
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
  {
    id: "B48 request",
    says: "a component without a link requests",
    ours: "err(component not linked: shop)",
    rust: "trap",
    act: async (site) => {
      const shop = await site.component();
      await site.host();
      return outcome(shop.request("orders.new", "hello"));
    },
  },
  {
    id: "B48 no headers",
    says: "`publish` without headers",
    ours: "err(no component in request)",
    rust: "trap",
    act: unlinked(undefined, rawPublish),
  },
  {
    id: "B48 no source-id",
    says: "`request` with headers, none of them `source-id`",
    ours: "err(component not linked: <unknown>)",
    rust: "trap",
    act: unlinked({ "link-name": "default" }, rawRequest),
  },
  {
    id: "B44",
    says: "a subject with line breaks and a protocol command in it",
    ours: "refused, nothing injected",
    rust: "ok, injected",
    act: injection((shop) =>
      // What follows the reply subject of $SYS has no headers: a plain PUB.
      shop.publish("$SYS.x y 0\r\n\r\nPUB injected", "x", { replyTo: "r" }),
    ),
  },
  {
    id: "B44 reply subject",
    says: "the same in the reply subject",
    ours: "refused, nothing injected",
    rust: "ok, injected",
    act: injection((shop) =>
      shop.publish("$SYS.x", "x", { replyTo: "y 0\r\n\r\nPUB injected" }),
    ),
  },
  {
    id: "B44 wildcard",
    says: "`publish` to `orders.*`",
    ours: "refused",
    rust: "ok",
    act: async (site) => {
      const { shop } = await site.publishing();
      return refusedOr(await outcome(shop.publish("orders.*", "x")));
    },
  },
  {
    id: "B44 empty",
    says: "`publish` to an empty subject",
    ours: "refused",
    rust: "ok",
    act: async (site) => {
      const { shop } = await site.publishing();
      return refusedOr(await outcome(shop.publish("", "x")));
    },
  },
  {
    id: "B45",
    says: "a body over the server's `max_payload`",
    ours: "refused, connection kept",
    rust: "ok, connection lost",
    act: async (site) => {
      const nats = await site.nats({ maxPayload: 10_000 });
      const { shop } = await site.publishing({ nats });
      const done = await outcome(shop.publish("a", new Uint8Array(20_000)));
      const lost = await comes(
        () => /maximum payload/i.test(nats.logText()),
        1000,
      );
      return `${refusedOr(done)}, connection ${yesNo(lost, "lost", "kept")}`;
    },
  },
  {
    id: "B46",
    says: "`publish` while the server is down for 8 s",
    ours: "an error within 8 s",
    rust: "no answer in 8 s",
    act: async (site) => {
      const { nats, shop } = await site.publishing();
      await nats.stop();
      await quiet(200);
      const call = outcome(shop.publish("a", "x"));
      const done = await Promise.race([call, quiet(8000)]);
      if (done === undefined) return "no answer in 8 s";
      return done.startsWith("err(failed to send message: ")
        ? "an error within 8 s"
        : done;
    },
  },
  {
    id: "A.5 reconnect",
    says: "the server restarts: `publish` afterwards",
    both: "ok, came",
    act: async (site) => {
      const { nats, shop } = await site.publishing();
      await nats.restart();
      await connected(nats);
      const { messages } = await site.listen(nats, "after");
      const done = await outcome(shop.publish("after", "x"));
      return `${done}, ${yesNo(await comes(() => messages.length > 0), "came", "lost")}`;
    },
  },
  {
    id: "A.7 $SYS",
    says: "`publish` on `$SYS…` with a reply subject, traces switched on, log level `debug`",
    both: "no headers",
    act: headersOnSystem({ replyTo: "back" }),
  },
  {
    id: "B49",
    says: "the same without a reply subject",
    ours: "no headers",
    rust: "headers",
    act: headersOnSystem({}),
  },
  {
    id: "B54",
    says: "`publish_allow` of `orders.>`: `publish` to `payments`",
    see: "publish_allow",
    ours: "refused",
    rust: "ok",
    act: async (site) => {
      const nats = await site.nats();
      const shop = await site.component();
      const host = await site.host();
      await host.putLink(
        consumer("shop", {
          cluster_uris: nats.url,
          publish_allow: "orders.>,conformance.>",
        }),
      );
      await linked(shop);
      return refusedOr(await outcome(shop.publish("payments", "x")));
    },
  },
  {
    id: "B47",
    says: "`publish` while nothing gets through to the server; the connection is then cut, and made again",
    both: "ok, lost",
    act: async (site) => {
      const nats = await site.nats();
      const proxy = await site.proxy(nats);
      const { shop } = await site.publishing({
        nats,
        config: { cluster_uris: proxy.url },
      });
      const { messages } = await site.listen(nats, "orders.>");
      proxy.pause();
      const done = outcome(shop.publish("orders.new", "x"));
      await comes(() => done.then(() => true), 1500);
      proxy.cut();
      proxy.heal();
      const came = await comes(() => messages.length > 0);
      return `${await done}, ${yesNo(came, "came", "lost")}`;
    },
  },
];

const refusedOr = (done) => (done.startsWith("err(") ? "refused" : done);

/** Whether a call gets a command of its own onto the connection of its link. */
function injection(call) {
  return async (site) => {
    const { nats } = await system(site);
    const { messages } = await site.listen(nats, "injected");
    const { shop } = await site.publishing({ nats });
    const done = refusedOr(await outcome(call(shop)));
    const injected = await comes(() => messages.length > 0, 1000);
    return `${done}, ${yesNo(injected, "injected", "nothing injected")}`;
  };
}
