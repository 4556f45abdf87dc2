// What a case has: a lattice of its own, servers, a host with the provider under test, components.
// Everything is gone when the case is.
import { connect } from "@nats-io/transport-node";
import {
  HostDouble,
  MessagingComponent,
  natsServer,
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

  async nats(options) {
    return this.use(await natsServer(options));
  }

  /** A host that has started the provider under test; it answers, and its exports are served. */
  async host(options = {}) {
    const host = await this.startHost(options);
    await answering(host);
    const lattice = await this.lattice();
    await soon("the exports", async () =>
      (await subscriptionsOf(lattice)).some((one) =>
        one.includes("/consumer@0.2.0.publish"),
      ),
    );
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

  /** A connection of the case's own. */
  async client(server, options = {}) {
    const client = await connect({
      servers: server.url,
      name: "case",
      ...options,
    });
    this.defer(() => client.close());
    return client;
  }

  /** A client that keeps all that comes on a subject. */
  async listen(server, subject, options) {
    const client = await this.client(server, options);
    const messages = [];
    client.subscribe(subject, {
      callback: (_error, message) => messages.push(message),
    });
    await client.flush();
    return { client, messages };
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

export const text = (bytes) => new TextDecoder().decode(bytes);
export const yesNo = (yes, one, other) => (yes ? one : other);
