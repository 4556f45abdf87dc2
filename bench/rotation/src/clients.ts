import { connect, userJwtCredential } from "@keyturn/nats";
import type { Rotatable, TortureSite } from "@keyturn/testkit";
import { jwtAuthenticator } from "@nats-io/nats-core";
import { connect as stockConnect } from "@nats-io/transport-node";

const origin = { source: "the torture", plaintext: false };

/** A connection of `@keyturn/nats`: changed by a hand-over. */
export async function ours({
  servers,
  source,
}: TortureSite): Promise<Rotatable> {
  const connection = await connect({
    servers,
    credentials: async () => userJwtCredential({ ...(await source()), origin }),
    keepOrder: (subject) => subject.endsWith(".ordered"),
  });
  return {
    connection,
    rotate: () => connection.refreshCredentials(),
    steps: () => connection.posture().lastHandover?.steps ?? [],
  };
}

/** A connection of nats.js as it is: changed by `reconnect()`. */
export async function stock({
  servers,
  source,
}: TortureSite): Promise<Rotatable> {
  let user = await source();
  const connection = await stockConnect({
    servers,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 0,
    reconnectJitter: 0,
    ignoreAuthErrorAbort: true,
    authenticator: (nonce) =>
      jwtAuthenticator(user.jwt, new TextEncoder().encode(user.seed))(nonce),
  });
  const reconnected = new Set<() => void>();
  void (async () => {
    for await (const { type } of connection.status())
      if (type === "reconnect") for (const tell of reconnected) tell();
  })();
  return {
    connection,
    rotate: async () => {
      user = await source();
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
