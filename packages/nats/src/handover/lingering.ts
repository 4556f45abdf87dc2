import type { Socket } from "node:net";

import type { PublishOptions } from "./nats-core.js";
import type { OpenReplies } from "./open-replies.js";
import { pubFrame } from "./pub-frame.js";

/** Requests may still be on their way for a moment, in milliseconds. */
const leastMs = 1000;

/** A socket that was left, and on which requests that came there may still be answered. */
export class Lingering {
  readonly replies: OpenReplies;
  readonly #socket: Socket;
  readonly #onEnd: () => void;
  readonly #timer: NodeJS.Timeout;
  #ended = false;
  #isRead = false;

  /** @param longestMs after so long it ends in any case */
  constructor(
    socket: Socket,
    replies: OpenReplies,
    longestMs: number,
    onEnd: () => void,
  ) {
    this.#socket = socket;
    this.replies = replies;
    this.#onEnd = onEnd;
    this.#timer = setTimeout(
      () => this.#end(),
      Math.min(longestMs, Math.max(replies.expire(), leastMs)),
    );
    socket.once("close", () => this.#end());
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** No more requests will come on the socket: it ends when those that came are answered. */
  doneReading(): void {
    this.#isRead = true;
    this.#endIfDone();
  }

  /** Publishes an answer where its request came; false if it is none of these. */
  publish(
    subject: string,
    payload: Uint8Array | string | undefined,
    options: PublishOptions | undefined,
  ): boolean {
    if (this.#ended || this.#socket.destroyed) return false;
    if (!this.replies.answers(subject)) return false;
    this.#socket.write(pubFrame(subject, payload, options));
    this.#endIfDone();
    return true;
  }

  /** Ends it now. */
  close(): void {
    this.#end();
  }

  #endIfDone(): void {
    if (this.#isRead && this.replies.size === 0) this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    // What has been written is sent first.
    this.#socket.end();
    this.#onEnd();
  }
}
