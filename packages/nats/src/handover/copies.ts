import { createHash } from "node:crypto";

import type { MsgArg } from "./nats-core.js";

/**
 * Tells copies apart while a subscription without queue group is alive on two sockets at once.
 *
 * Every message that the old socket delivers is written down by its identity; a message of the new
 * socket with an identity that is still written down is the same one again. Messages of JetStream
 * are unique by their reply subject; for others identity is their whole content, so two messages
 * alike to the last byte inside one overlap (some milliseconds) may be taken for one.
 */
export class Copies {
  readonly #seen = new Map<string, number>();
  /** How many messages of the new socket were dropped as copies. */
  dropped = 0;

  /** Notes a message that the old socket has delivered. */
  record(message: MsgArg, data: Uint8Array): void {
    const key = identity(message, data);
    this.#seen.set(key, (this.#seen.get(key) ?? 0) + 1);
  }

  /** Whether a message of the new socket was delivered by the old one; each note counts once. */
  isCopy(message: MsgArg, data: Uint8Array): boolean {
    const key = identity(message, data);
    const count = this.#seen.get(key);
    if (count === undefined) return false;
    if (count === 1) this.#seen.delete(key);
    else this.#seen.set(key, count - 1);
    this.dropped++;
    return true;
  }
}

const jetStreamAck = "$JS.ACK.";

function identity(message: MsgArg, data: Uint8Array): string {
  const reply =
    message.reply === undefined
      ? ""
      : Buffer.from(message.reply).toString("latin1");
  if (reply.startsWith(jetStreamAck)) return `${message.sid} ${reply}`;
  const content = createHash("sha256")
    .update(message.subject)
    .update("\n")
    .update(reply)
    .update("\n");
  return `${message.sid} ${content.update(data).digest("base64")}`;
}
