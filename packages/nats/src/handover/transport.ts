import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";

import type { NodeConnectionOptions } from "@nats-io/transport-node";

import type { ClientTls } from "../tls/client-tls.js";
import type { PassedOnTls } from "../tls/tls-options.js";
import { deferred, NodeTransport, type ServerInfo } from "./nats-core.js";

/** A byte stream to a server that stands in the place of a socket. */
export interface WireStream extends Duplex {
  /** Whether what it carries is encrypted. */
  readonly encrypted: boolean;
  /** Address of the peer. */
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
}

/** How byte streams are opened where TCP is not wanted. */
export interface WireStreams {
  readonly encrypted: boolean;
  /** @param signal ends the attempt */
  open(
    target: { hostname: string; port: number; tlsName: string },
    options: NodeConnectionOptions,
    signal: AbortSignal,
  ): Promise<WireStream>;
}

interface Held {
  readonly frame: Uint8Array;
  readonly written: (() => void) | undefined;
}

/**
 * nats.js' TCP and TLS transport, with two things more: outbound frames can be held back for a
 * moment, and the socket can be exchanged for another one without nats.js noticing. What it runs on may
 * be another byte stream than TCP.
 *
 * Dialling, TLS upgrade, TLS first and client certificates are nats.js' own, on TCP.
 */
export class HandoverTransport extends NodeTransport {
  /** Takes inbound chunks in place of nats.js' reader; set while this is only a candidate. */
  sink: ((chunk: Uint8Array) => void) | undefined;
  /** Asked when the socket breaks; true means that another one is about to take over. */
  onSocketLost: (() => boolean) | undefined;

  readonly #streams: WireStreams | undefined;
  #clientTls: ClientTls | undefined;
  readonly #discarded = new AbortController();
  #address = "";
  #isTls = false;
  #held: Held[] | undefined;
  #heldBytes = 0;
  /** Chunks that nats.js is reading, and which of them is next. */
  #batch: Uint8Array[] = [];
  #next = 0;

  /** @param streams what to run on in place of TCP */
  constructor(
    streams: WireStreams | undefined,
    clientTls: ClientTls | undefined,
  ) {
    super();
    this.#streams = streams;
    this.#clientTls = clientTls;
  }

  /** What the socket in use was dialled with. */
  get clientTls(): ClientTls | undefined {
    return this.#clientTls;
  }

  /** As nats.js', which verifies the certificate of a server dialled by address as that of `localhost`. */
  override async connect(
    target: { hostname: string; port: number; tlsName: string },
    options: NodeConnectionOptions,
  ): Promise<void> {
    this.#address = target.hostname;
    const streams = this.#streams;
    this.#isTls = streams?.encrypted ?? options.tls?.handshakeFirst === true;
    try {
      await super.connect(target, withTls(options, this.#clientTls));
      if (streams !== undefined) this.#isTls = false;
    } catch (error) {
      throw this.brokenBy(error as Error);
    }
  }

  override async dial(target: {
    hostname: string;
    port: number;
    tlsName?: string;
  }): Promise<Socket> {
    if (this.#streams === undefined) return super.dial(target);
    const stream = await this.#streams.open(
      { ...target, tlsName: this.tlsName },
      this.options,
      this.#discarded.signal,
    );
    // What is used of a socket here and in nats.js, such a stream has.
    return stream as unknown as Socket;
  }

  override async peekInfo(): Promise<ServerInfo> {
    const info = await super.peekInfo();
    // Such a stream has its encryption, or none; what INFO offers is another port's.
    return this.#streams === undefined
      ? info
      : {
          ...info,
          tls_required: false,
          tls_available: this.#streams.encrypted,
        };
  }

  override startTLS(): Promise<TLSSocket> {
    if (this.#streams !== undefined)
      return Promise.resolve(this.socket as TLSSocket);
    this.#isTls = true;
    if (this.tlsName === "") {
      const host = { host: this.#address };
      this.options = { ...this.options, tls: { ...this.options.tls, ...host } };
    }
    return super.startTLS();
  }

  /**
   * What to make of a socket that broke before the connection stood. A server that takes no client
   * certificate of ours hangs up, and whether its TLS alert still gets here is a matter of luck.
   */
  brokenBy(error: Error | undefined): Error {
    if (error !== undefined && isReset(error)) {
      return this.#isTls
        ? new Error("the server broke TLS off", { cause: error })
        : error;
    }
    // nats.js' words for a socket that ended without an error.
    if (error !== undefined && !error.message.includes("undefined error"))
      return error;
    return new Error(
      this.#isTls
        ? "the server broke TLS off"
        : "the server closed the connection",
    );
  }

  /** Bytes of outbound frames that wait for {@link release}. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Number of outbound frames that wait for {@link release}. */
  get heldFrames(): number {
    return this.#held?.length ?? 0;
  }

  /** Whether outbound frames are kept. */
  get isHolding(): boolean {
    return this.#held !== undefined;
  }

  /** Whether an outbound frame that waits has this text in it. */
  holds(text: string): boolean {
    const held = this.#held ?? [];
    return held.some(({ frame: { buffer, byteOffset, byteLength } }) =>
      Buffer.from(buffer, byteOffset, byteLength).includes(text),
    );
  }

  /** As nats.js', unless another socket is about to take over anyway. */
  override disconnect(): void {
    if (this.onSocketLost?.() !== true) super.disconnect();
  }

  /** From now on outbound frames are kept. */
  hold(): void {
    this.#held ??= [];
  }

  /** Writes what was kept, in order, and lets frames pass again. */
  release(): void {
    const held = this.#held;
    this.#held = undefined;
    this.#heldBytes = 0;
    if (held === undefined || held.length === 0) return;
    for (const { frame, written } of held) this.send(frame, written);
  }

  /** Writes past a hold. @param written called when the frame is not needed any more */
  sendNow(frame: Uint8Array, written?: () => void): void {
    const { socket } = this;
    if (this.done || socket === undefined) return;
    // A write error needs no handling here: the socket's close event follows it.
    socket.write(frame, written);
  }

  /** As {@link send} with all of them, in one write. They are not copied. */
  sendTogether(frames: readonly Uint8Array[]): void {
    const { socket } = this;
    const isWritten = this.#held === undefined && !this.done;
    if (isWritten) socket.cork();
    for (const frame of frames) if (frame.byteLength > 0) this.send(frame);
    if (isWritten) socket.uncork();
  }

  /** Writes, or keeps what is written later. @param written as for {@link sendNow} */
  override send(frame: Uint8Array, written?: () => void): void {
    if (this.#held !== undefined) {
      this.#held.push({ frame, written });
      this.#heldBytes += frame.byteLength;
      return;
    }
    this.sendNow(frame, written);
  }

  /** Takes away what the socket has received and nats.js has not read yet. */
  takeUnread(): Uint8Array[] {
    const unread = [...this.#batch.slice(this.#next), ...this.yields];
    this.#batch.length = 0;
    this.yields.length = 0;
    return unread;
  }

  /**
   * Goes on with the socket of `candidate`: first nats.js reads `kept`, then what the socket receives.
   *
   * @returns the old socket, without listeners; closing it is the caller's business
   */
  adopt(candidate: HandoverTransport, kept: Uint8Array): Socket {
    const old = this.socket;
    old.removeAllListeners();
    old.on("error", () => undefined);

    this.socket = candidate.socket;
    this.tlsName = candidate.tlsName;
    this.#clientTls = candidate.clientTls;
    this.socket.removeAllListeners();
    candidate.abandon();
    this.setupHandlers();
    if (kept.byteLength > 0) this.yields.push(kept);
    this.signal.resolve();
    // A socket that closed a moment ago tells nobody any more.
    if (this.socket.destroyed) this.#finish(undefined);
    return old;
  }

  /** Forgets the socket without closing it: another transport has it now. */
  abandon(): void {
    this.done = true;
    this.sink = undefined;
  }

  override setupHandlers(): void {
    let error: Error | undefined;
    const socket = this.socket;
    socket.on("data", (chunk: Uint8Array) => {
      if (this.sink !== undefined) {
        this.sink(chunk);
        return;
      }
      this.yields.push(chunk);
      this.signal.resolve();
    });
    socket.on("error", (err) => {
      error = err;
    });
    socket.on("end", () => {
      if (!socket.destroyed) socket.end();
    });
    socket.on("close", () => {
      this.#finish(error);
    });
  }

  override async *iterate(): AsyncIterableIterator<Uint8Array> {
    while (!this.done) {
      if (this.yields.length === 0) {
        this.signal = deferred<void>();
        await this.signal;
        continue;
      }
      const batch = this.yields;
      this.yields = this.#batch;
      this.#batch = batch;
      // `takeUnread` may empty the batch under this loop.
      for (this.#next = 0; this.#next < batch.length;) {
        if (this.done) return;
        yield batch[this.#next++] as Uint8Array;
      }
      batch.length = 0;
    }
  }

  override isEncrypted(): boolean {
    return (this.socket as Partial<TLSSocket> | undefined)?.encrypted === true;
  }

  override discard(): void {
    super.discard();
    this.#discarded.abort();
    this.sink = undefined;
    this.#held = undefined;
    this.#heldBytes = 0;
    this.signal.resolve();
  }

  #finish(error: Error | undefined): void {
    if (this.sink !== undefined) {
      this.done = true;
      this.closeError = error as Error;
      this.closedNotification.resolve(error);
      return;
    }
    if (this.onSocketLost?.() === true) return;
    void this.close(error);
  }
}

function withTls(
  options: NodeConnectionOptions,
  clientTls: ClientTls | undefined,
): NodeConnectionOptions {
  if (clientTls === undefined) return options;
  const { context: secureContext } = clientTls;
  const tls: PassedOnTls = { ...options.tls, secureContext };
  return { ...options, tls };
}

function isReset(error: Error): boolean {
  const { code } = error as { code?: string };
  return code === "ECONNRESET" || code === "EPIPE";
}
