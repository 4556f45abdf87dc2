// What the tests against real servers share: a lattice, a NATS server in operator mode, a host, and the
// messaging provider in this process.
import { subscribe, unsubscribe } from "node:diagnostics_channel";

import { jwtAuthenticator, type NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";

import {
  providerChannel,
  startProvider,
  type ProviderEvent,
  type RunningProvider,
} from "@keyturn/provider";
import {
  HostDouble,
  makeOperator,
  MessagingComponent,
  natsServer,
  until,
  type HostDoubleOptions,
  type LinkOptions,
  type LinkSecrets,
  type MessagingComponentOptions,
  type NatsServer,
  type TestAccount,
  type TestOperator,
  type TestUser,
  type UserOptions,
} from "@keyturn/testkit";

import { messagingChannelName } from "../events/messaging-events.js";
import type { MessagingEvent } from "../events/messaging-events.js";
import { messagingProvider } from "../messaging-provider.js";

/** How long a test waits for something that has to come, in milliseconds. */
export const within = 10_000;

interface Connz {
  readonly connections: readonly {
    readonly name: string;
    readonly authorized_user?: string;
  }[];
}

/** What is told of a link that has been put and is at work. */
const settledTypes = new Set(["link-up", "link-changed", "link-unchanged"]);

/** What a link gets of its own. */
export interface LabLink {
  readonly config?: Readonly<Record<string, string>>;
  readonly secrets?: LinkSecrets;
  readonly component?: string;
  readonly name?: string;
}

/** What a lab is made with. */
export interface LabOptions {
  readonly host?: Partial<HostDoubleOptions>;
  readonly links?: readonly LinkOptions[];
  /** Another server in place of the lab's own. */
  readonly backing?: NatsServer;
  readonly lattice?: NatsServer;
}

/** Ends things in the reverse of their order. */
class Closers {
  readonly #closers: (() => unknown)[] = [];

  use<T extends AsyncDisposable>(value: T): T {
    this.defer(() => value[Symbol.asyncDispose]());
    return value;
  }

  defer(close: () => unknown): void {
    this.#closers.push(close);
  }

  async disposeAsync(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close();
  }
}

/** A messaging provider at work, with all that it meets. */
export class MessagingLab implements AsyncDisposable {
  readonly events: MessagingEvent[] = [];
  readonly providerEvents: ProviderEvent[] = [];
  readonly #stack = new Closers();
  readonly #onEvent = (event: unknown): void => {
    this.events.push(event as MessagingEvent);
  };
  readonly #onProviderEvent = (event: unknown): void => {
    this.providerEvents.push(event as ProviderEvent);
  };
  #operator: TestOperator | undefined;
  #account: TestAccount | undefined;
  #user: TestUser | undefined;
  #lattice: NatsServer | undefined;
  #backing: NatsServer | undefined;
  #host: HostDouble | undefined;
  #provider: RunningProvider | undefined;

  static async start(options: LabOptions = {}): Promise<MessagingLab> {
    const lab = new MessagingLab();
    try {
      await lab.#start(options);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
    return lab;
  }

  /** Servers, operator, account and user, without a provider: for links that need them. */
  static async prepare(options: LabOptions = {}): Promise<MessagingLab> {
    const lab = new MessagingLab();
    await lab.#prepare(options);
    return lab;
  }

  async #prepare({ backing, lattice }: LabOptions): Promise<void> {
    this.#lattice = lattice ?? this.#stack.use(await natsServer());
    this.#operator = await makeOperator();
    this.#account = await this.#operator.account("orders");
    this.#user = await this.#account.user("provider");
    this.#backing =
      backing ??
      this.#stack.use(
        await natsServer({ config: await this.#operator.serverConfig() }),
      );
    subscribe(messagingChannelName, this.#onEvent);
    providerChannel.subscribe(this.#onProviderEvent);
    this.#stack.defer(() => {
      unsubscribe(messagingChannelName, this.#onEvent);
      providerChannel.unsubscribe(this.#onProviderEvent);
    });
  }

  async #start(options: LabOptions): Promise<void> {
    await this.#prepare(options);
    await this.run(options);
  }

  /** Starts the provider on what has been prepared. */
  async run({ host, links }: LabOptions = {}): Promise<void> {
    this.#host = this.#stack.use(
      await HostDouble.start({
        lattice: this.lattice,
        providerId: "messaging",
        ...(links !== undefined && { links }),
        ...host,
      }),
    );
    this.#provider = this.#stack.use(
      await startProvider(messagingProvider(), this.#host.hostDataBytes()),
    );
  }

  get lattice(): NatsServer {
    return there(this.#lattice);
  }
  get backing(): NatsServer {
    return there(this.#backing);
  }
  get operator(): TestOperator {
    return there(this.#operator);
  }
  get account(): TestAccount {
    return there(this.#account);
  }
  /** The user of the provider. */
  get user(): TestUser {
    return there(this.#user);
  }
  get host(): HostDouble {
    return there(this.#host);
  }
  get provider(): RunningProvider {
    return there(this.#provider);
  }

  /** JWT and seed of the lab's user, or another, as link secrets. */
  pair(user: TestUser = this.user): Readonly<Record<string, string>> {
    return { client_jwt: user.jwt, client_seed: user.seed };
  }

  /** A link by which a component gets messages. */
  handler(
    subscriptions: string,
    {
      config,
      secrets = this.pair(),
      component = "shop",
      name = "default",
    }: LabLink = {},
  ): LinkOptions {
    return {
      source: "messaging",
      target: component,
      name,
      interfaces: ["handler"],
      sourceConfig: {
        cluster_uris: this.backing.url,
        subscriptions,
        ...config,
      },
      sourceSecrets: secrets,
    };
  }

  /** A link by which a component publishes and requests. */
  consumer({
    config,
    secrets = this.pair(),
    component = "shop",
    name = "default",
  }: LabLink = {}): LinkOptions {
    return {
      source: component,
      target: "messaging",
      name,
      interfaces: ["consumer"],
      targetConfig: { cluster_uris: this.backing.url, ...config },
      targetSecrets: secrets,
    };
  }

  /** Puts links and waits until they are at work. */
  async put(...links: readonly LinkOptions[]): Promise<void> {
    const settled = (): number =>
      this.providerEvents.filter(({ type }) => settledTypes.has(type)).length;
    const before = settled();
    for (const link of links) await this.host.putLink(link);
    await until("the links to be at work", within, () => {
      return settled() >= before + links.length;
    });
  }

  /** A component in the lattice. */
  async component(
    options: Partial<MessagingComponentOptions> = {},
  ): Promise<MessagingComponent> {
    return this.#stack.use(
      await MessagingComponent.start({
        lattice: this.lattice,
        id: "shop",
        provider: "messaging",
        ...options,
      }),
    );
  }

  /** An ordinary NATS client of an account. */
  async client(
    options?: UserOptions,
    account = this.account,
  ): Promise<NatsConnection> {
    const { jwt, seed } = await account.user("client", options);
    const connection = await connect({
      servers: this.backing.url,
      authenticator: jwtAuthenticator(jwt, new TextEncoder().encode(seed)),
    });
    this.#stack.defer(() => connection.close());
    return connection;
  }

  /** An ordinary client of a server that asks for no credential. */
  async connectPlainly(): Promise<NatsConnection> {
    const connection = await connect({ servers: this.backing.url });
    this.#stack.defer(() => connection.close());
    return connection;
  }

  /** The provider's connections to the backing server, by their users. */
  async users(): Promise<string[]> {
    const { connections } = await this.backing.monitor<Connz>("connz?auth=1");
    return connections
      .filter(({ name }) => name === "NATS Messaging Provider")
      .map(({ authorized_user: user = "" }) => user);
  }

  /** Waits until the provider's connections are of these users: an old socket lingers for a moment. */
  async usersAre(...expected: readonly string[]): Promise<void> {
    const wanted = expected.toSorted().join();
    await until(`connections of ${wanted}`, within, async () => {
      return (await this.users()).toSorted().join() === wanted;
    });
  }

  /** Events of a type, in their order. */
  eventsOf(type: MessagingEvent["type"]): MessagingEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("not started yet");
  return value;
}
