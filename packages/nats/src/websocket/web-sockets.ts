import { isIP, type LookupFunction } from "node:net";

import type { ClientOptions, WebSocket } from "ws";

import { fail } from "../errors/nats-errors.js";
import type { WireStreams } from "../handover/transport.js";
import { WebSocketStream } from "./web-socket-stream.js";

type Make = new (address: string, options: ClientOptions) => WebSocket;

/**
 * WebSockets in place of TCP.
 *
 * @param servers `ws://host:port/path` or `wss://…`, as `parseServers` gives them
 * @throws KeyturnError `CONNECT_WEBSOCKET_MISSING`
 */
export async function webSockets(
  servers: readonly string[],
): Promise<WireStreams> {
  const Socket = await load();
  const given = servers.map((server) => new URL(server));
  const encrypted = given[0]?.protocol === "wss:";
  const paths = new Map(
    servers.map((server, i) => [authorityOf(server), given[i]?.pathname]),
  );
  return {
    encrypted,
    open({ hostname, port, tlsName }, options, signal) {
      const name = tlsName === "" ? hostname : tlsName;
      const authority = `${isIP(name) === 6 ? `[${name}]` : name}:${port}`;
      const path = paths.get(authority) ?? "/";
      const address = `${encrypted ? "wss" : "ws"}://${authority}${path}`;
      const { handshakeFirst: _, ...tls } = options.tls ?? {};
      const socket = new Socket(address, {
        ...(encrypted ? tls : {}),
        ...(name === hostname ? {} : { lookup: lookupOf(hostname) }),
        ...(options.timeout === undefined
          ? {}
          : { handshakeTimeout: options.timeout }),
      } as ClientOptions);
      return opened(socket, encrypted, signal);
    },
  };
}

/** `host:port`, also where the port is the scheme's own, which the URL class leaves out. */
function authorityOf(server: string): string | undefined {
  return /^wss?:\/\/([^/]+)/.exec(server)?.[1];
}

async function load(): Promise<Make> {
  try {
    return (await import("ws")).WebSocket;
  } catch (cause) {
    throw fail(
      "CONNECT_WEBSOCKET_MISSING",
      "A server address is that of a WebSocket, and the package `ws` cannot be loaded.",
      { cause },
    );
  }
}

/** The name is in the request, and in the certificate; where it leads has been looked up already. */
function lookupOf(address: string): LookupFunction {
  const family = isIP(address);
  return (_name, options, done) => {
    if (options.all === true) done(null, [{ address, family }]);
    else done(null, address, family);
  };
}

function opened(
  socket: WebSocket,
  encrypted: boolean,
  signal: AbortSignal,
): Promise<WebSocketStream> {
  return new Promise((resolve, reject) => {
    const abort = (): void => socket.terminate();
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    socket.once("error", reject);
    socket.once("upgrade", ({ socket: { remoteAddress, remotePort } }) => {
      socket.once("open", () => {
        signal.removeEventListener("abort", abort);
        socket.off("error", reject);
        resolve(
          new WebSocketStream(socket, { encrypted, remoteAddress, remotePort }),
        );
      });
    });
  });
}
