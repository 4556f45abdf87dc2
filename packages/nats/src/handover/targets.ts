import type { DialTarget } from "./candidate.js";
import { nodeResolveHost } from "./nats-core.js";
import type { LiveProtocol } from "./protocol.js";

/** The server in use, by its address rather than its name, which may stand for many. */
export function sameServer(protocol: LiveProtocol): DialTarget {
  const { socket, tlsName } = protocol.live;
  const server = protocol.getServer();
  return {
    hostname: socket.remoteAddress ?? server?.hostname ?? "127.0.0.1",
    port: socket.remotePort ?? server?.port ?? 4222,
    tlsName,
  };
}

/** The other servers that nats.js knows, given ones and those learnt from the cluster. */
export async function* otherServers(
  protocol: LiveProtocol,
): AsyncIterable<DialTarget> {
  const present = protocol.getServer();
  for (const server of protocol.servers.getServers()) {
    if (server === present) continue;
    try {
      for (const { hostname, port, tlsName } of await server.resolve({
        fn: nodeResolveHost,
        randomize: true,
        resolve: true,
      })) {
        yield { hostname, port, tlsName, server };
      }
    } catch {
      // A name that cannot be resolved now is no place to go; nats.js tries it at its next reconnect.
    }
  }
}
