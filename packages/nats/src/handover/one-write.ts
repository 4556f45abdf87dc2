import {
  OpenProtocolHandler,
  type ConnectionOptions,
  type OpenNatsConnection,
  type PublishOptions,
} from "./nats-core.js";
import { Outgoing } from "./outgoing.js";
import type { HandoverTransport } from "./transport.js";

const empty = new Uint8Array(0);
const lineEnd = Buffer.from("\r\n");
/** Payloads from here on are written on their own: a slab would be used up by one. */
const largeBytes = 16 * 1024;

/** Options of `publish` beyond those of nats.js. */
export interface LivePublishOptions extends PublishOptions {
  /** The payload will not be written over: a large one need not be copied. Default false. */
  readonly payloadIsFinal?: boolean;
}

/**
 * nats.js' protocol handler, save that what is sent while the event loop looks once through its sockets leaves
 * in one write: nats.js' own goes out with the first microtask, and what those behind it publish is another.
 */
export class OneWriteProtocol extends OpenProtocolHandler {
  readonly #outgoing = new Outgoing();
  #isDue = false;
  readonly #flush = (): void => {
    this.#isDue = false;
    this.flushPending();
  };

  constructor(options: ConnectionOptions, connection: OpenNatsConnection) {
    super(options, connection);
    this.outbound = this.#outgoing;
  }

  get live(): HandoverTransport {
    return this.transport as HandoverTransport;
  }

  override flushPending(): void {
    const outgoing = this.#outgoing;
    if (!this.infoReceived || !this.connected || outgoing.size() === 0) return;
    const { writes } = outgoing;
    this.live.send(outgoing.drain(), () => outgoing.written(writes));
  }

  /** Sends past a hold, and behind all that was sent before the hold. */
  sendNow(frames: Uint8Array): void {
    this.flushPending();
    this.live.sendNow(frames);
  }

  override sendCommand(
    command: string | Uint8Array,
    ...payloads: Uint8Array[]
  ): void {
    this.#outgoing.add(command, payloads);
    this.#flushSoon();
  }

  /** As nats.js', which makes lists and buffers of what is written here in one go. */
  override publish(
    subject: string,
    payload: Uint8Array | string = empty,
    options?: LivePublishOptions,
  ): void {
    const headers = (
      options?.headers as { encode(): Uint8Array } | undefined
    )?.encode();
    const isText = typeof payload === "string";
    const bytes = isText ? Buffer.byteLength(payload) : payload.length;
    const total = bytes + (headers?.length ?? 0);
    const { info } = this;
    if (
      (!isText && !(payload instanceof Uint8Array)) ||
      (info !== undefined && total > info.max_payload) ||
      (headers !== undefined && info?.headers === false)
    )
      // It has the words for what is wrong.
      return super.publish(subject, payload, options);
    this.outBytes += total;
    this.outMsgs++;
    const reply = options?.reply ? ` ${options.reply}` : "";
    const command =
      headers === undefined
        ? `PUB ${subject}${reply} ${bytes}\r\n`
        : `HPUB ${subject}${reply} ${headers.length} ${total}\r\n`;
    if (bytes >= largeBytes && this.connected && this.infoReceived) {
      this.flushPending();
      const isFinal = !isText && options?.payloadIsFinal === true;
      this.live.sendTogether([
        Buffer.from(command),
        headers ?? empty,
        isFinal ? payload : Buffer.from(payload as Uint8Array),
        lineEnd,
      ]);
    } else {
      this.#outgoing.addMessage(command, headers, payload, bytes);
      this.#flushSoon();
    }
  }

  #flushSoon(): void {
    if (this.#outgoing.size() >= this.pendingLimit) this.flushPending();
    else if (!this.#isDue) {
      this.#isDue = true;
      setImmediate(this.#flush);
    }
  }

  override async close(error?: Error): Promise<void> {
    this.flushPending();
    await super.close(error);
  }
}
