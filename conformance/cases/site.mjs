// What a case has: a lattice of its own, servers, a host with the provider under test, components.
// Everything is gone when the case is.
import { client } from "@keyturn/wrpc";
import { connect } from "@nats-io/transport-node";
import {
  HostDouble,
  makeOperator,
  messagingConsumer,
  MessagingComponent,
  natsServer,
  tcpFaultProxy,
  until,
} from "@keyturn/testkit";

export const providerId = "messaging";
const probe = "conformance.probe";

export class Site {
  #closers = [];
  #lattice;
  #provider;

  /** @param {string[]} provider program and arguments of the provider under test */
  constructor(provider) {
    this.#provider = provider;
  }

  /** Ends a thing with the case. */
  use(disposable) {
    this.#closers.push(() => disposable[Symbol.asyncDispose]());
    return disposable;
  }

  defer(close) {
    this.#closers.push(close);
  }

  async close() {
    for (const close of this.#closers.splice(0).toReversed()) await close();
  }

  /** The server of the lattice. */
  async lattice() {
    this.#lattice ??= this.nats();
    return this.#lattice;
  }

  /** Takes another server for the lattice; before anything runs on it. */
  onLattice(server) {
    this.#lattice = Promise.resolve(server);
  }

  async nats(options) {
    return this.use(await natsServer(options));
  }

  /** A host that has started the provider under test; it answers, and its exports are served. */
  async host(options = {}) {
    const host = await this.startHost(options);
    await answering(host);
    const lattice = await this.lattice();
    await soon("the exports", async () => {
      const all = (await subscriptionsOf(lattice)).join("\n");
      return (
        all.includes("/consumer@0.2.0.publish") &&
        all.includes(host.subjects.linkPut)
      );
    });
    return host;
  }

  /** The same, at once: links of HostData may still be on their way. */
  async startHost(options = {}) {
    return this.use(
      await HostDouble.start({
        lattice: await this.lattice(),
        providerId,
        provider: this.#provider,
        ...options,
      }),
    );
  }

  /** A component of the lattice. @param handle as of `MessagingComponent` */
  async component(id = "shop", handle) {
    return this.use(
      await MessagingComponent.start({
        lattice: await this.lattice(),
        id,
        provider: providerId,
        ...(handle !== undefined && { handle }),
      }),
    );
  }

  /** A component that gets `orders.>` by a link, and a client of the server. */
  async delivering({ config = {}, secrets, handle, host: options, nats } = {}) {
    const server = nats ?? (await this.nats());
    const shop = await this.component("shop", handle);
    const host = await this.host(options);
    const link = handler(
      "shop",
      { cluster_uris: server.url, subscriptions: "orders.>", ...config },
      { secrets },
    );
    await host.putLink(link);
    await subscribed(server);
    const client = await this.client(server);
    return { nats: server, shop, host, link, client };
  }

  /** A component that publishes and requests by a link, and a client of the server. */
  async publishing({ config = {}, secrets, host: options, nats } = {}) {
    const server = nats ?? (await this.nats());
    const shop = await this.component("shop");
    const host = await this.host(options);
    const link = consumer(
      "shop",
      { cluster_uris: server.url, ...config },
      { secrets },
    );
    await host.putLink(link);
    await linked(shop);
    const client = await this.client(server);
    return { nats: server, shop, host, link, client };
  }

  /** A server in operator mode, and what makes users of its account. */
  async operated() {
    const operator = await makeOperator();
    const account = await operator.account("SHOP");
    const nats = await this.nats({ config: await operator.serverConfig() });
    return { operator, account, nats };
  }

  /** `consumer` of the provider, called with other headers than a host sends. */
  async rawConsumer(headers) {
    const connection = await this.client(await this.lattice());
    return client(connection, {
      prefix: `default.${providerId}`,
      interface: messagingConsumer,
      ...(headers !== undefined && { headers }),
    });
  }

  /** What travels on a subject of the lattice. */
  async spy(subject) {
    return (await this.listen(await this.lattice(), subject)).messages;
  }

  /** A proxy before a server. */
  async proxy(server, options) {
    return this.use(await tcpFaultProxy(server, options));
  }

  /** A connection of the case's own. */
  async client(server, options = {}) {
    const made = await connect({
      servers: server.url,
      name: "case",
      ...options,
    });
    this.defer(() => made.close());
    return made;
  }

  /** A client that keeps all that comes on a subject. */
  async listen(server, subject, options) {
    const listener = await this.client(server, options);
    const messages = [];
    listener.subscribe(subject, {
      callback: (_error, message) => messages.push(message),
    });
    await listener.flush();
    return { client: listener, messages };
  }
}

/** A link by which messages go to a component. */
export const handler = (component, config = {}, more = {}) => ({
  source: providerId,
  target: component,
  interfaces: ["handler"],
  sourceConfig: config,
  ...(more.secrets !== undefined && { sourceSecrets: more.secrets }),
  ...(more.name !== undefined && { name: more.name }),
});

/** A link by which a component publishes and requests. */
export const consumer = (component, config = {}, more = {}) => ({
  source: component,
  target: providerId,
  interfaces: ["consumer"],
  targetConfig: config,
  ...(more.secrets !== undefined && { targetSecrets: more.secrets }),
  ...(more.name !== undefined && { name: more.name }),
});

/** Waits for something that has to come. */
export const soon = (what, condition, ms = 10_000) =>
  until(what, ms, condition);

/** Whether something comes true; for what may never. */
export const comes = async (condition, ms = 2500) =>
  until("it", ms, condition).then(
    () => true,
    () => false,
  );

/** Lets time pass in which nothing should come. */
export const quiet = (ms = 400) =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** The provider's connections to a server. */
export async function connectionsOf(server) {
  const { connections } = await server.monitor("connz?subs=detail&auth=1");
  return (connections ?? []).filter(
    ({ name, lang }) => name !== "case" && lang !== undefined,
  );
}

/** What the provider is subscribed to on a server: `subject` or `subject|queue`, sorted. */
export async function subscriptionsOf(server) {
  return (await connectionsOf(server))
    .flatMap((one) => one.subscriptions_list_detail ?? [])
    .filter(({ subject }) => !subject.startsWith("_INBOX."))
    .map(({ subject, qgroup }) => (qgroup ? `${subject}|${qgroup}` : subject))
    .sort();
}

/** Waits for the provider to be subscribed to so many subjects. */
export const subscribed = (server, count = 1) =>
  soon(
    `${count} subscriptions`,
    async () => (await subscriptionsOf(server)).length === count,
  );

/** Waits for the provider to be connected so often. */
export const connected = (server, count = 1) =>
  soon(
    `${count} connections`,
    async () => (await connectionsOf(server)).length === count,
  );

/** Waits until a component can publish by its link. */
export const linked = (component, link = "default") =>
  soon(`the link ${link}`, () =>
    component.publish(probe, "", { link }).then(
      () => true,
      () => false,
    ),
  );

/** Waits for the provider's answer, healthy or not: its control subjects are served. */
export const answering = (host) =>
  soon("an answer", () =>
    host.health().then(
      () => true,
      () => false,
    ),
  );

/** What a call comes to: `ok`, the error value, or `trap` for a call without a result. */
export const outcome = (call) =>
  call.then(
    (value) => (value?.body === undefined ? "ok" : text(value.body)),
    (error) => {
      if (error.code === "WRPC_RESULT_MISSING") return "trap";
      return error.code ?? `err(${error.message})`;
    },
  );

/** What the provider has logged, without colours. */
export const logOf = (host) =>
  // oxlint-disable-next-line no-control-regex -- colours are control characters
  host.stderr.text().replaceAll(/\u001b\[[0-9;]*m/g, "");

/** Whether the log has a text, or gets it soon. */
export const logs = (host, part, ms = 2500) =>
  comes(() => logOf(host).includes(part), ms);

const utf8 = (value) => new TextEncoder().encode(value);

/** Calls of `rawConsumer`. */
export const rawPublish = (raw) =>
  raw.publish({ subject: "a", body: utf8("x") });
export const rawRequest = (raw) => raw.request("a", utf8("x"), 500);

export const text = (bytes) => new TextDecoder().decode(bytes);
export const yesNo = (yes, one, other) => (yes ? one : other);

/**
 * How a link came out: the user it is connected as, or `not connected`.
 *
 * @param {Record<string, string>} [names] of users
 */
export async function connectedAs(server, names = {}) {
  const one = await settledOn(server);
  if (one === undefined) return "not connected";
  const { authorized_user: user } = one;
  return `connected as ${names[user] ?? user ?? "nobody"}`;
}

/** A connection that lasts: a server shows also those that it refuses, for a moment. */
async function settledOn(server) {
  let seen;
  await comes(async () => {
    const [before] = await connectionsOf(server);
    if (before === undefined) return false;
    await quiet(300);
    const after = await connectionsOf(server);
    seen = after.find(
      ({ cid, name }) =>
        cid === before.cid && name === "NATS Messaging Provider",
    );
    return seen !== undefined;
  });
  return seen;
}

export const handleMessageSubject = (component) =>
  `default.${component}.wrpc.0.0.1.wasmcloud:messaging/handler@0.2.0.handle-message`;

/** Texts of the Rust provider that scripts may look for, besides those that reach components. */
export const knownTexts = [
  "Failed to build connection configuration, falling back to default",
  "failed to build connection config",
  "failed to connect to NATS",
  "JetStream consumers not supported by this provider",
  "failed to parse seed key pair",
  "must provide both jwt and seed for jwt authentication",
  "if you specify jwt, you must also specify a seed",
  "failed to parse `consumers`",
  "failed to read CA",
  "tls ca: invalid certificate type, must be a DER encoded PEM file",
  "invalid scheme for NATS server URL: http",
  "component not linked: shop",
  "component not linked: <unknown>",
  "no component in request",
  "Unable to send message",
];

/** Which of {@link knownTexts} a host's log has after a while. */
export async function textsOf(host) {
  await comes(() => knownTexts.some((one) => logOf(host).includes(one)));
  await quiet(100);
  const log = logOf(host);
  return knownTexts.filter((one) => log.includes(one)).join(", ") || "none";
}

/** Known texts that are logged of a consumer link of such a config. */
export const refusal = (config) => async (site) => {
  const host = await site.host();
  await host.putLink(consumer("shop", config));
  return textsOf(host);
};

/** Whether the provider gets to a server, TLS included. */
export async function connectedTo(server) {
  const one = await settledOn(server);
  return yesNo(one, "connected", "not connected");
}

/** Health, given the time to become ill. */
export async function healthSoon(host) {
  const ill = await comes(async () => !(await host.health()).healthy, 1500);
  return yesNo(ill, "unhealthy", "healthy");
}

/** Whether a link of such a config is connected to a server, and as whom. */
export const connectsBy = (address) => async (site) => {
  const nats = await site.nats({
    config: {
      authorization: {
        users: [
          { user: "ada", password: "p/w" },
          { user: "nobody", password: "x" },
        ],
      },
      no_auth_user: "nobody",
    },
  });
  const host = await site.host();
  await host.putLink(consumer("shop", { cluster_uris: address(nats.port) }));
  return connectedAs(nats);
};
