import {
  OpenProtocolHandler,
  type ConnectionOptions,
  type OpenNatsConnection,
} from "./nats-core.js";
import { Outgoing } from "./outgoing.js";
import type { HandoverTransport } from "./transport.js";

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

  /** Sends past a hold, and behind all that was sent before the hold. */
  sendNow(frames: Uint8Array): void {
    this.flushPending();
    this.live.sendNow(frames);
  }

  override sendCommand(
    command: string | Uint8Array,
    ...payloads: Uint8Array[]
  ): void {
    const outgoing = this.#outgoing;
    outgoing.add(command, payloads);
    if (outgoing.size() >= this.pendingLimit) this.flushPending();
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
