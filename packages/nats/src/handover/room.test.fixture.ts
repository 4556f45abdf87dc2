import {
  makeOperator,
  natsServer,
  type NatsServer,
  type ServerSettings,
  type TestUser,
  type UserOptions,
} from "@keyturn/testkit";

import { connect, type ConnectOptions } from "../connection/connect.js";
import type { Credential } from "../credentials/credential.js";
import { userJwtCredential } from "../credentials/makers.js";
import type { LiveConnection } from "./live-connection.js";

/** Where credentials of these tests come from. */
export const origin = { source: "this test", plaintext: false };

/** A connection whose credential can be changed, and somebody else in its account. */
export interface Room extends AsyncDisposable {
  readonly server: NatsServer;
  readonly connection: LiveConnection;
  readonly peer: LiveConnection;
  readonly peerUser: TestUser;
  /** Makes the source give a new user, and asks for the change. */
  rotate(): Promise<void>;
  /** What the source gives from now on. */
  give(next: () => Promise<Credential>): void;
  /** Makes a user of the account. */
  make(user: UserOptions): Promise<Credential>;
}

/** Starts a server and connects both. */
export async function room(
  user: UserOptions = {},
  options: Partial<ConnectOptions> = {},
  settings: ServerSettings = {},
): Promise<Room> {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  const server = await natsServer({
    config: { ...(await operator.serverConfig()), ...settings },
    debug: false,
  });
  const make = async (claims: UserOptions): Promise<Credential> =>
    userJwtCredential({ ...(await account.user("rotating", claims)), origin });
  let source = (): Promise<Credential> => make(user);
  const connection = await connect({
    servers: server.url,
    credentials: () => source(),
    ...options,
  });
  const peerUser = await account.user("peer");
  const peer = await connect({
    servers: server.url,
    credentials: userJwtCredential({ ...peerUser, origin }),
  });
  return {
    server,
    connection,
    peer,
    peerUser,
    make,
    rotate: () => connection.refreshCredentials(),
    give: (next) => {
      source = next;
    },
    [Symbol.asyncDispose]: async () => {
      await connection.close();
      await peer.close();
      await server.stop();
    },
  };
}
