import { connect, createServer, type Server, type Socket } from "node:net";

import { Pipe, type PipeConditions } from "./pipe.js";
import { Recording } from "./recording.js";

/** Which way bytes go. */
export type Direction = "toServer" | "toClient";

/** What the proxy keeps. */
export interface TcpFaultProxyOptions {
  /** Bytes recorded of each direction, from the start. Default 8 MiB. */
  readonly recordBytes?: number;
}

const directions = ["toServer", "toClient"] as const;

interface Line {
  readonly client: Socket;
  readonly server: Socket;
  readonly pipes: Readonly<Record<Direction, Pipe>>;
}

/**
 * A TCP proxy on loopback that misbehaves as told. What is set holds for all connections, those
 * that are open and those to come; {@link heal} ends it.
 */
export class TcpFaultProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #lines = new Set<Line>();
  readonly #recordings: Record<Direction, Recording>;
  readonly #left: Record<Direction, number> = {
    toServer: Infinity,
    toClient: Infinity,
  };
  #target: number;
  #conditions: PipeConditions = healthy;
  #refusing = false;
  #accepted = 0;

  /** Use {@link tcpFaultProxy}. */
  constructor(target: number, options: TcpFaultProxyOptions) {
    const { recordBytes = 8 * 1024 * 1024 } = options;
    this.#target = target;
    this.#recordings = {
      toServer: new Recording(recordBytes),
      toClient: new Recording(recordBytes),
    };
    this.#server = createServer({ allowHalfOpen: true, noDelay: true });
    this.#server.on("connection", (client) => this.#accept(client));
  }

  /** Use {@link tcpFaultProxy}. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", resolve);
    });
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" ? (address?.port ?? -1) : -1;
  }

  /** `nats://127.0.0.1:<port>` */
  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#lines.size;
  }

  /** Connections that were ever accepted. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Bytes that came from one side, passed on or not. */
  bytes(direction: Direction): number {
    return this.#recordings[direction].seen;
  }

  /**
   * What came from one side, from the start.
   *
   * @throws Error if more came than is recorded: a search in the rest would prove nothing
   */
  recorded(direction: Direction): Buffer {
    const recording = this.#recordings[direction];
    if (recording.missed > 0)
      throw new Error(
        `${recording.missed} bytes ${direction} came after the recording was full. Raise \`recordBytes\`.`,
      );
    return recording.bytes();
  }

  /** Lets connections to come go to another server. */
  retarget(target: { readonly port: number }): void {
    this.#target = target.port;
  }

  /** Holds everything back: a network that hangs. Nothing is lost. */
  pause(): void {
    this.#set({ paused: true });
  }

  /** Lets everything pass that was held back. */
  resume(): void {
    this.#set({ paused: false });
  }

  /** Takes everything and passes on nothing: a peer that died without a word. */
  swallow(): void {
    this.#set({ swallowing: true });
  }

  /** Milliseconds that each byte takes, each way. The order stays. */
  delay(ms: number): void {
    this.#set({ delayMs: ms });
  }

  /** Bytes that pass in a second, each way and on each connection. */
  throttle(bytesPerSecond: number): void {
    this.#set({ bytesPerSecond });
  }

  /** Resets connections to come at once. */
  refuse(): void {
    this.#refusing = true;
  }

  /** Takes back `pause`, `swallow`, `delay`, `throttle`, `refuse` and `breakAfter`. */
  heal(): void {
    this.#refusing = false;
    for (const direction of directions) this.#left[direction] = Infinity;
    this.#set(healthy);
  }

  /** Resets all open connections (RST, both sides). */
  cut(): void {
    for (const line of this.#lines) this.#reset(line);
  }

  /** Ends one direction of all open connections (FIN); the other one goes on. */
  halfClose(direction: Direction): void {
    for (const { client, server } of this.#lines)
      (direction === "toServer" ? server : client).end();
  }

  /**
   * Lets exactly so many more bytes pass in one direction; then the connection that brings the next
   * one breaks: its receiver sees the end, its sender a reset. Connections after that are whole.
   */
  breakAfter(direction: Direction, bytes: number): void {
    this.#left[direction] = bytes;
  }

  /** Resets all connections and listens no more. */
  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #set(conditions: Partial<PipeConditions>): void {
    this.#conditions = { ...this.#conditions, ...conditions };
    for (const { pipes } of this.#lines)
      for (const direction of directions) pipes[direction].run();
  }

  #accept(client: Socket): void {
    if (this.#refusing) {
      client.on("error", () => undefined).resetAndDestroy();
      return;
    }
    this.#accepted++;
    const server = connect({
      port: this.#target,
      host: "127.0.0.1",
      allowHalfOpen: true,
      noDelay: true,
    });
    const pipe = (direction: Direction, from: Socket, to: Socket): Pipe =>
      new Pipe(from, to, () => this.#conditions, {
        take: (chunk) => this.#take(direction, chunk),
        broken: () => resetSocket(from),
      });
    const line: Line = {
      client,
      server,
      pipes: {
        toServer: pipe("toServer", client, server),
        toClient: pipe("toClient", server, client),
      },
    };
    this.#lines.add(line);
    for (const socket of [client, server]) {
      socket.on("error", () => undefined);
      socket.on("close", (failed) => {
        // When one side fails, so does the other; when one ends, the other has time to.
        if (failed || (client.destroyed && server.destroyed)) this.#reset(line);
      });
    }
  }

  /** How many bytes of a chunk may pass. */
  #take(direction: Direction, chunk: Buffer): number {
    this.#recordings[direction].add(chunk);
    const passing = Math.min(chunk.length, this.#left[direction]);
    this.#left[direction] -= passing;
    if (passing < chunk.length) this.#left[direction] = Infinity;
    return passing;
  }

  #reset(line: Line): void {
    if (!this.#lines.delete(line)) return;
    for (const direction of directions) line.pipes[direction].close();
    for (const socket of [line.client, line.server]) resetSocket(socket);
  }
}

function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  // While the end that was asked for is under way, libuv refuses a reset, and Node (20) then never
  // closes the socket: the process spins for ever when it exits.
  const isEnding = socket.writableEnded && !socket.writableFinished;
  if (isEnding) socket.destroy();
  else socket.resetAndDestroy();
}

const healthy: PipeConditions = {
  paused: false,
  swallowing: false,
  delayMs: 0,
  bytesPerSecond: Infinity,
};

/**
 * Starts a proxy on a free port of 127.0.0.1.
 *
 * @param target what listens on a port of 127.0.0.1: a `NatsServer` will do
 */
export async function tcpFaultProxy(
  target: { readonly port: number },
  options: TcpFaultProxyOptions = {},
): Promise<TcpFaultProxy> {
  const proxy = new TcpFaultProxy(target.port, options);
  await proxy.listen();
  return proxy;
}
