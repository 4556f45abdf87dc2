import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

import { until } from "../wait/until.js";
import { natsServer, type NatsServer } from "./nats-server.js";
import type { NatsServerOptions } from "./settings.js";

/** Servers that know each other. */
export interface NatsCluster extends AsyncDisposable {
  readonly servers: readonly NatsServer[];
  /** URLs of all servers, for `connect`. */
  readonly urls: string[];
  /** Waits until every member that runs has a route to every other one that runs. */
  whole(): Promise<void>;
  /** Stops all members. */
  stop(): Promise<void>;
}

interface Routes {
  readonly routes?: readonly { readonly remote_id: string }[];
}

const wholeMs = 15_000;

/**
 * Starts a cluster of `size` servers, all with the same options, and waits until each has a route to
 * each other one. A member that is restarted finds the others again.
 */
export async function natsCluster(
  size: number,
  options: Omit<NatsServerOptions, "cluster"> = {},
): Promise<NatsCluster> {
  const servers: NatsServer[] = [];
  const name = options.name ?? "cluster";
  const cluster: NatsCluster = {
    servers,
    get urls() {
      return servers.map(({ url }) => url);
    },
    whole: async () => {
      await until("a whole cluster", wholeMs, () => isWhole(servers));
    },
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
    },
    [Symbol.asyncDispose]: () => cluster.stop(),
  };
  try {
    // JetStream wants to know all members from the beginning.
    const ports = options.jetstream === true ? await freePorts(size) : [];
    for (let index = 0; index < size; index++) {
      const port = ports[index];
      const routes =
        port === undefined
          ? servers.flatMap(({ clusterUrl }) => clusterUrl ?? [])
          : ports.map((each) => `nats://127.0.0.1:${each}`);
      servers.push(
        await natsServer({
          ...options,
          name: `${name}-${index}`,
          cluster: { name, routes, ...(port !== undefined && { port }) },
        }),
      );
    }
    await cluster.whole();
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

/** Ports that nobody listens on, and that the system gives to nobody else for a while. */
async function freePorts(count: number): Promise<number[]> {
  const listeners = Array.from({ length: count }, () =>
    createServer().listen(0, "127.0.0.1"),
  );
  await Promise.all(listeners.map((one) => once(one, "listening")));
  const ports = listeners.map((one) => (one.address() as AddressInfo).port);
  await Promise.all(
    listeners.map((one) => new Promise((closed) => one.close(closed))),
  );
  return ports;
}

async function isWhole(servers: readonly NatsServer[]): Promise<boolean> {
  const running = servers.filter((server) => server.running);
  const peers = await Promise.all(
    running.map(async (server) => {
      const { routes = [] } = await server.monitor<Routes>("routez");
      // Newer servers hold several routes to one peer.
      return new Set(routes.map(({ remote_id }) => remote_id)).size;
    }),
  );
  return peers.every((count) => count >= running.length - 1);
}
