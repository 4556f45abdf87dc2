import type { Socket } from "node:net";

import {
  Kind,
  type MsgArg,
  type Parser,
  type ParserEvent,
} from "./nats-core.js";
import type { Lingering } from "./lingering.js";
import type { LiveProtocol } from "./protocol.js";
import { StreamParser } from "./stream-parser.js";

const empty = new Uint8Array(0);

/**
 * Delivers messages that come beside the stream that nats.js reads: on a socket already left (a server
 * may have been about to write one when it took the UNSUB), or on a candidate that was given up.
 *
 * Only queue groups matter here: a message without one has been, or will be, delivered by the
 * other socket too.
 */
export class LateMessages {
  readonly #protocol: LiveProtocol;
  readonly #parser: Parser;
  #pongs = 0;
  #lingering: Lingering | undefined;

  /** @param parser goes on where it stands in the old stream; a fresh one if not given */
  constructor(
    protocol: LiveProtocol,
    parser: Parser = new StreamParser(protocol),
  ) {
    this.#protocol = protocol;
    this.#parser = parser;
    parser.dispatcher = {
      push: (event) => {
        if (typeof event !== "function") this.#onEvent(event);
      },
    };
  }

  /** Delivers whole frames. */
  deliver(frames: Uint8Array): void {
    if (frames.byteLength > 0) this.#parser.parse(frames);
  }

  /** Reads `socket` until it has answered one more ping, at most for `ms`, and closes it. */
  readAndClose(
    socket: Socket,
    unread: readonly Uint8Array[],
    ms: number,
    lingering?: Lingering,
  ): void {
    this.#lingering = lingering;
    const leave = (): void => {
      // Who still has to answer there closes it.
      if (lingering === undefined || lingering.ended) socket.destroy();
      else lingering.doneReading();
    };
    const timer = setTimeout(leave, ms);
    const read = (chunk: Uint8Array): void => {
      try {
        this.deliver(chunk);
      } catch {
        // Not NATS any more: nothing of interest can follow.
        socket.destroy();
        return;
      }
      if (this.#pongs > 0) leave();
    };
    socket.on("close", () => clearTimeout(timer));
    socket.on("data", read);
    for (const chunk of unread) read(chunk);
    if (!socket.destroyed) socket.write("PING\r\n");
    else clearTimeout(timer);
  }

  #onEvent(event: ParserEvent): void {
    if (event.kind === Kind.PONG) this.#pongs++;
    else if (event.kind === Kind.MSG && event.msg !== undefined) {
      this.#dispatch(event.msg, event.data ?? empty);
    }
  }

  #dispatch(message: MsgArg, data: Uint8Array): void {
    const subscription = this.#protocol.subscriptions.get(message.sid);
    if (
      subscription === undefined ||
      !this.#protocol.queues.isShared(subscription)
    )
      return;
    // Its answer belongs to the socket that it came on.
    const present = this.#protocol.openReplies;
    if (this.#lingering?.ended === false)
      this.#protocol.openReplies = this.#lingering.replies;
    this.#protocol.processMsg(message, data);
    this.#protocol.openReplies = present;
  }
}
