import { encodeOperator, type Account as AccountClaims } from "@nats-io/jwt";
import { createOperator, type KeyPair } from "@nats-io/nkeys";
import { credsAuthenticator } from "@nats-io/nats-core";
import { connect, type NodeConnectionOptions } from "@nats-io/transport-node";

import type { ServerSettings } from "../server/settings.js";
import { TestAccount, unlimited } from "./account.js";
import { signedJwt } from "./signed-jwt.js";

/** Where a server keeps the accounts of its operator. */
export type AccountResolver = "memory" | "directory";

/** An operator made a moment ago, with its system account. */
export class TestOperator {
  readonly jwt: string;
  readonly keys: KeyPair;
  readonly systemAccount: TestAccount;
  readonly #accounts: TestAccount[];

  /** Use {@link makeOperator}. */
  constructor(jwt: string, keys: KeyPair, systemAccount: TestAccount) {
    this.jwt = jwt;
    this.keys = keys;
    this.systemAccount = systemAccount;
    this.#accounts = [systemAccount];
  }

  /** Makes an account. Servers that were configured before do not know it until it is pushed. */
  // Asynchronous as everything else here that makes something, and open for a key service.
  async account(
    name: string,
    claims?: Partial<AccountClaims>,
  ): Promise<TestAccount> {
    const account = new TestAccount(name, this.keys, claims);
    this.#accounts.push(account);
    return account;
  }

  /**
   * Settings of a server of this operator, with all accounts as they are now.
   *
   * @param resolver `memory` (default): accounts change by `NatsServer.reload`; `directory`: by
   * {@link push}
   */
  async serverConfig(
    resolver: AccountResolver = "memory",
  ): Promise<ServerSettings> {
    const accounts = this.#accounts.map(
      async (account) => [account.publicKey, await account.jwt()] as const,
    );
    return {
      operator: this.jwt,
      system_account: this.systemAccount.publicKey,
      resolver:
        resolver === "memory"
          ? "MEMORY"
          : { type: "full", dir: "accounts", allow_delete: true },
      resolver_preload: Object.fromEntries(await Promise.all(accounts)),
    };
  }

  /**
   * Sends an account as it is now to a server with a `directory` resolver, and waits until it has
   * taken it.
   *
   * @param options of the connection, for a server with TLS
   */
  async push(
    server: { readonly url: string },
    account: TestAccount,
    options?: NodeConnectionOptions,
  ): Promise<void> {
    const jwt = await account.jwt();
    await this.#tell(server, "$SYS.REQ.CLAIMS.UPDATE", jwt, options);
  }

  /** Deletes an account from a server with a `directory` resolver: its users are cut off. */
  async remove(
    server: { readonly url: string },
    account: TestAccount,
    options?: NodeConnectionOptions,
  ): Promise<void> {
    const request = signedJwt(
      {
        iat: Math.floor(Date.now() / 1000),
        sub: this.keys.getPublicKey(),
        nats: { accounts: [account.publicKey], type: "generic", version: 2 },
      },
      this.keys,
    );
    await this.#tell(server, "$SYS.REQ.CLAIMS.DELETE", request, options);
  }

  async #tell(
    server: { readonly url: string },
    subject: string,
    jwt: string,
    options: NodeConnectionOptions = {},
  ): Promise<void> {
    const { creds } = await this.systemAccount.user("testkit");
    const connection = await connect({
      ...options,
      servers: server.url,
      authenticator: credsAuthenticator(new TextEncoder().encode(creds)),
      reconnect: false,
    });
    try {
      const answer = await connection.request(subject, jwt, { timeout: 5000 });
      const { error } = answer.json<{ error?: { description?: string } }>();
      if (error !== undefined)
        throw new Error(
          `nats-server refused ${subject}: ${error.description ?? "no reason given"}`,
        );
    } finally {
      await connection.close();
    }
  }
}

/** Makes an operator, its system account, and no other account yet. */
export async function makeOperator(): Promise<TestOperator> {
  const keys = createOperator();
  const systemAccount = new TestAccount("SYS", keys, {
    // nats-server refuses to start when the system account may use JetStream.
    limits: {
      ...unlimited,
      mem_storage: 0,
      disk_storage: 0,
      streams: 0,
      consumer: 0,
    },
  });
  const jwt = await encodeOperator("operator", keys, {
    system_account: systemAccount.publicKey,
  });
  return new TestOperator(jwt, keys, systemAccount);
}
