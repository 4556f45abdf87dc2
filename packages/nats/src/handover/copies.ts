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
  readonly #notes = new Map<string, Note>();
  readonly #confirmed = new Set<number>();
  #owed = 0;
  /** How many messages of the new socket were dropped as copies. */
  dropped = 0;

  /** Copies that are certain to come, and have not yet. */
  get owed(): number {
    return this.#owed;
  }

  /** The server has confirmed these subscriptions of the new socket: what the old one gets, it gets too. */
  confirm(sids: Iterable<number>): void {
    for (const sid of sids) this.#confirmed.add(sid);
  }

  /** Notes a message that the old socket has delivered. */
  record(message: MsgArg, data: Uint8Array): void {
    const key = identity(message, data);
    let note = this.#notes.get(key);
    if (note === undefined) this.#notes.set(key, (note = { owed: 0, open: 0 }));
    if (this.#confirmed.has(message.sid)) {
      note.owed++;
      this.#owed++;
    } else note.open++;
  }

  /** Whether a message of the new socket was delivered by the old one; each note counts once. */
  isCopy(message: MsgArg, data: Uint8Array): boolean {
    const key = identity(message, data);
    const note = this.#notes.get(key);
    if (note === undefined) return false;
    if (note.owed > 0) {
      note.owed--;
      this.#owed--;
    } else note.open--;
    if (note.owed === 0 && note.open === 0) this.#notes.delete(key);
    this.dropped++;
    return true;
  }

  /** Forgets what came while it was not sure that the new socket was subscribed, and so may have no copy. */
  forgetOpen(): void {
    for (const [key, note] of this.#notes) {
      note.open = 0;
      if (note.owed === 0) this.#notes.delete(key);
    }
  }
}

/** How often a message was delivered whose copy is certain to come, and how often one whose may. */
interface Note {
  owed: number;
  open: number;
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
