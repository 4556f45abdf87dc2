import {
  makeOperator,
  natsServer,
  type NatsServer,
  type TestAccount,
} from "@keyturn/testkit";
import { connect, userJwtCredential, type Credential } from "@keyturn/nats";
import { jwtAuthenticator, type NatsConnection } from "@nats-io/nats-core";
import { connect as stockConnect } from "@nats-io/transport-node";

const origin = { source: "the benchmark", plaintext: false };

/** A connection whose credential can be changed. */
export interface Rotating {
  readonly connection: NatsConnection;
  /** Moves it to another user; resolves when it runs on that. */
  rotate(): Promise<void>;
}

/** A server in operator mode with JetStream, and connections of one account. */
export class Room implements AsyncDisposable {
  readonly #server: NatsServer;
  readonly #account: TestAccount;
  readonly #connections: NatsConnection[] = [];

  private constructor(server: NatsServer, account: TestAccount) {
    this.#server = server;
    this.#account = account;
  }

  static async open(): Promise<Room> {
    const operator = await makeOperator();
    const account = await operator.account("BENCH");
    const server = await natsServer({
      config: await operator.serverConfig(),
      jetstream: true,
      debug: false,
    });
    return new Room(server, account);
  }

  get version(): string {
    return this.#server.version;
  }

  /** A stock connection of nats.js, which is not changed. */
  async peer(): Promise<NatsConnection> {
    return (await this.stock()).connection;
  }

  /** A connection of `@keyturn/nats`: changed by a hand-over. */
  async live(): Promise<Rotating> {
    const connection = await connect({
      servers: this.#server.url,
      credentials: () => this.#credential(),
    });
    this.#connections.push(connection);
    return { connection, rotate: () => connection.refreshCredentials() };
  }

  /** A connection of nats.js as it is: changed by `reconnect()`. */
  async stock(): Promise<Rotating> {
    let user = await this.#account.user("stock");
    const connection = await stockConnect({
      servers: this.#server.url,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 0,
      reconnectJitter: 0,
      authenticator: (nonce) =>
        jwtAuthenticator(user.jwt, new TextEncoder().encode(user.seed))(nonce),
    });
    this.#connections.push(connection);
    const reconnected = new Set<() => void>();
    void (async () => {
      for await (const { type } of connection.status())
        if (type === "reconnect") for (const tell of reconnected) tell();
    })();
    return {
      connection,
      rotate: async () => {
        user = await this.#account.user("stock");
        const back = new Promise<void>((resolve) => {
          const tell = (): void => {
            reconnected.delete(tell);
            resolve();
          };
          reconnected.add(tell);
        });
        await connection.reconnect();
        await back;
      },
    };
  }

  async #credential(): Promise<Credential> {
    const { jwt, seed } = await this.#account.user("live");
    return userJwtCredential({ jwt, seed, origin });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) await connection.close();
    await this.#server.stop();
  }
}
