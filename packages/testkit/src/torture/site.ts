import type { TestAccount } from "../operator/account.js";
import { makeOperator, type TestOperator } from "../operator/operator.js";
import type { TestUser, UserOptions } from "../operator/user.js";
import { tcpFaultProxy, type TcpFaultProxy } from "../proxy/tcp-fault-proxy.js";
import { natsCluster } from "../server/nats-cluster.js";
import { natsServer, type NatsServer } from "../server/nats-server.js";

/** What a client under torture gets. */
export interface TortureSite {
  /** Addresses of the servers. */
  readonly servers: string[];
  /**
   * The user that the client is to sign in as from now on. During some faults it throws, or gives one
   * that servers refuse.
   */
  readonly source: () => Promise<TestUser>;
}

export interface SiteOptions {
  /** How many servers: more than one are a cluster. Default 1. */
  readonly size?: number;
  /** Claims of the users. */
  readonly users?: UserOptions;
  readonly jetStream?: boolean;
  /** Whether the network may be disturbed: the client then reaches servers through proxies. */
  readonly proxies?: boolean;
  /** How many users take turns. Default 16. */
  readonly turns?: number;
}

/** Servers in operator mode, an account, and users of it that take turns. */
export class Site implements TortureSite, AsyncDisposable {
  readonly members: readonly NatsServer[];
  readonly proxies: readonly TcpFaultProxy[];
  /** Another user of the account, with all rights. */
  readonly peer: TestUser;
  /** Replaces what the source gives; undefined for the users' turns. */
  override: (() => Promise<TestUser>) | undefined;
  readonly #operator: TestOperator;
  readonly #account: TestAccount;
  readonly #options: SiteOptions;
  readonly #users: TestUser[];
  #turn = 0;

  private constructor(
    operator: TestOperator,
    account: TestAccount,
    members: readonly NatsServer[],
    proxies: readonly TcpFaultProxy[],
    users: TestUser[],
    peer: TestUser,
    options: SiteOptions,
  ) {
    this.#operator = operator;
    this.#account = account;
    this.members = members;
    this.proxies = proxies;
    this.#users = users;
    this.peer = peer;
    this.#options = options;
  }

  static async open(options: SiteOptions = {}): Promise<Site> {
    const { size = 1, turns = 16, jetStream = true } = options;
    const operator = await makeOperator();
    const account = await operator.account("TORTURE");
    // Made ahead: signing takes a main thread longer than a rotation does.
    const users = [];
    for (let i = 0; i < turns; i++)
      users.push(await account.user(`turn ${i}`, options.users));
    const settings = await operator.serverConfig("directory");
    const server = {
      config: settings,
      jetstream: jetStream,
      debug: false,
      // Clients have to stay behind the proxies.
      advertise: options.proxies !== true,
    };
    const members =
      size === 1
        ? [await natsServer(server)]
        : (await natsCluster(size, server)).servers;
    const proxies = [];
    if (options.proxies === true)
      for (const member of members)
        proxies.push(await tcpFaultProxy(member, { recordBytes: 0 }));
    const peer = await account.user("peer");
    return new Site(operator, account, members, proxies, users, peer, options);
  }

  get servers(): string[] {
    const ends = this.proxies.length > 0 ? this.proxies : this.members;
    return ends.map(({ url }) => url);
  }

  readonly source = async (): Promise<TestUser> =>
    this.override === undefined ? this.user : this.override();

  /** The user whose turn it is. */
  get user(): TestUser {
    return this.#users[this.#turn % this.#users.length] as TestUser;
  }

  /** From now on it is another user's turn. */
  advance(): void {
    this.#turn++;
  }

  /** A user of an account that no server knows. */
  async stranger(): Promise<TestUser> {
    const operator = await makeOperator();
    return (await operator.account("STRANGERS")).user("stranger");
  }

  /** It is another user's turn, and the present one is revoked. */
  async revoke(): Promise<void> {
    const index = this.#turn % this.#users.length;
    const revoked = this.user;
    this.#users[index] = await this.#account.user(
      "replacement",
      this.#options.users,
    );
    this.advance();
    this.#account.revoke(revoked.publicKey);
    for (const member of this.members)
      await this.#operator.push(member, this.#account);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const proxy of this.proxies) await proxy.close();
    await Promise.all(this.members.map((member) => member.stop()));
  }
}
