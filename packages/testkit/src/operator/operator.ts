import {
  encodeAccount,
  encodeOperator,
  encodeUser,
  type Account as AccountClaim,
  type User,
} from "@nats-io/jwt";
import {
  createAccount,
  createOperator,
  createUser,
  type KeyPair,
} from "@nats-io/nkeys";

const unlimited = {
  conn: -1,
  data: -1,
  exports: -1,
  imports: -1,
  leaf: -1,
  payload: -1,
  subs: -1,
  wildcards: true,
  mem_storage: -1,
  disk_storage: -1,
  streams: -1,
  consumer: -1,
};

/** Limits and lifetime of a user to be made. */
export interface UserOptions {
  /** Seconds from now; negative for one that has expired. */
  readonly expiresInSeconds?: number;
  /** Seconds from now; positive for one that is not yet valid. */
  readonly notBeforeInSeconds?: number;
  /** Claims of the NATS part: permissions, limits, `bearer_token`. */
  readonly claims?: Partial<User>;
}

/** A user with the two halves of its credential. */
export interface TestUser {
  readonly jwt: string;
  /** `SU…` */
  readonly seed: string;
  /** `U…` */
  readonly publicKey: string;
  /** Both in the form of a `.creds` file. */
  readonly creds: string;
}

/** An account of the operator. */
export interface TestAccount {
  readonly publicKey: string;
  readonly keys: KeyPair;
  /** A user made and signed now. */
  user(name: string, options?: UserOptions): Promise<TestUser>;
  /** The account's JWT, with other claims if given (revocations, limits). */
  jwt(claims?: Partial<AccountClaim>): Promise<string>;
}

/** An operator made a moment ago, with its system account. */
export interface TestOperator {
  readonly jwt: string;
  readonly systemAccount: TestAccount;
  account(name: string, claims?: Partial<AccountClaim>): Promise<TestAccount>;
  /** Settings of a server of this operator, with all accounts made so far, kept in memory. */
  serverConfig(): Promise<Record<string, unknown>>;
}

/** Makes an operator, its system account, and no other account yet. */
export async function makeOperator(): Promise<TestOperator> {
  const operatorKeys = createOperator();
  const accounts: TestAccount[] = [];

  const account = async (
    name: string,
    claims: Partial<AccountClaim> = {},
  ): Promise<TestAccount> => {
    const keys = createAccount();
    const made: TestAccount = {
      publicKey: keys.getPublicKey(),
      keys,
      user: (userName, options) => makeUser(userName, keys, options),
      jwt: (changed) =>
        encodeAccount(
          name,
          keys,
          { limits: unlimited, ...claims, ...changed },
          { signer: operatorKeys },
        ),
    };
    accounts.push(made);
    return made;
  };

  // nats-server refuses to start when the system account may use JetStream.
  const systemAccount = await account("SYS", {
    limits: {
      ...unlimited,
      mem_storage: 0,
      disk_storage: 0,
      streams: 0,
      consumer: 0,
    },
  });
  const jwt = await encodeOperator("operator", operatorKeys, {
    system_account: systemAccount.publicKey,
  });
  return {
    jwt,
    systemAccount,
    account,
    serverConfig: async () => ({
      operator: jwt,
      system_account: systemAccount.publicKey,
      resolver: "MEMORY",
      resolver_preload: Object.fromEntries(
        await Promise.all(
          accounts.map(
            async (made) => [made.publicKey, await made.jwt()] as const,
          ),
        ),
      ),
    }),
  };
}

async function makeUser(
  name: string,
  account: KeyPair,
  options: UserOptions = {},
): Promise<TestUser> {
  const keys = createUser();
  const now = Math.floor(Date.now() / 1000);
  const jwt = await encodeUser(name, keys, account, options.claims ?? {}, {
    ...(options.expiresInSeconds === undefined
      ? {}
      : { exp: now + options.expiresInSeconds }),
    ...(options.notBeforeInSeconds === undefined
      ? {}
      : { nbf: now + options.notBeforeInSeconds }),
  });
  const seed = new TextDecoder().decode(keys.getSeed());
  return {
    jwt,
    seed,
    publicKey: keys.getPublicKey(),
    creds: credsText(jwt, seed),
  };
}

function credsText(jwt: string, seed: string): string {
  return [
    "-----BEGIN NATS USER JWT-----",
    jwt,
    "------END NATS USER JWT------",
    "",
    "-----BEGIN USER NKEY SEED-----",
    seed,
    "------END USER NKEY SEED------",
    "",
  ].join("\n");
}
