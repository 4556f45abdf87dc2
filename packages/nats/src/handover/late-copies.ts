import type { Copies } from "./copies.js";
import type { MsgArg } from "./nats-core.js";

/** How long a copy may be late, in milliseconds. */
const longestMs = 1000;

/**
 * Copies that are still to come after a hand-over: a server may deliver a message to one of our sockets,
 * answer pings of both, and only then deliver it to the other.
 */
export class LateCopies {
  #copies: Copies | undefined;

  /** Whether any are still to come. */
  get isExpected(): boolean {
    return this.#copies !== undefined;
  }

  /** The hand-over is over. */
  expect(copies: Copies): void {
    copies.forgetOpen();
    if (copies.owed === 0) return;
    this.#copies = copies;
    setTimeout(() => {
      if (this.#copies === copies) this.#copies = undefined;
    }, longestMs).unref();
  }

  /** Whether a message is one of them. */
  isCopy(message: MsgArg, data: Uint8Array): boolean {
    const isCopy = this.#copies?.isCopy(message, data) === true;
    if (this.#copies?.owed === 0) this.#copies = undefined;
    return isCopy;
  }

  /** None will come any more: the connection broke. */
  forget(): void {
    this.#copies = undefined;
  }
}
