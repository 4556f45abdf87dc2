import { Duplex } from "node:stream";

import type { WebSocket } from "ws";

import type { WireStream } from "../handover/transport.js";

/** Where the other end of a WebSocket is. */
export interface Peer {
  readonly encrypted: boolean;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
}

/**
 * An open WebSocket as a stream of bytes; the borders of its messages mean nothing.
 *
 * That of `ws` keeps house by listeners on the stream itself, which nats.js takes away.
 */
export class WebSocketStream extends Duplex implements WireStream {
  readonly encrypted: boolean;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, peer: Peer) {
    super({ allowHalfOpen: false });
    this.encrypted = peer.encrypted;
    this.remoteAddress = peer.remoteAddress;
    this.remotePort = peer.remotePort;
    this.#socket = socket;
    socket.on("message", (data) => {
      if (!this.push(data)) socket.pause();
    });
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.push(null));
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(
    chunk: Uint8Array,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    this.#socket.send(chunk, { binary: true }, done);
  }

  /** What has piled up goes out in one message. */
  override _writev(
    chunks: readonly { chunk: Uint8Array }[],
    done: (error?: Error | null) => void,
  ): void {
    const bytes = Buffer.concat(chunks.map(({ chunk }) => chunk));
    this.#socket.send(bytes, { binary: true }, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.close();
    done();
  }

  override _destroy(
    error: Error | null,
    done: (error?: Error | null) => void,
  ): void {
    this.#socket.terminate();
    done(error);
  }
}
