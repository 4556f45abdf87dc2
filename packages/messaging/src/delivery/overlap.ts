import { createHash } from "node:crypto";

import type { Msg } from "@nats-io/nats-core";

/** Most messages that are held back; more means that the old side does not end. */
const mostHeld = 100_000;
/** Longer bodies are compared by their hash. */
const longBody = 256;

/**
 * A plain subscription that moves from one connection to another: for a moment both get every message.
 * What the new side gets is held back until the old one has ended, and what the old one has delivered is
 * left out of it: each message once, in order.
 */
export class Overlap {
  readonly #deliver: (message: Msg) => void;
  /** What the old side has delivered and the new one has not, yet. */
  readonly #delivered = new Map<string, number>();
  #held: Msg[] | undefined = [];

  constructor(deliver: (message: Msg) => void) {
    this.#deliver = deliver;
  }

  /** A message on the old side. */
  old(message: Msg): void {
    const key = keyOf(message);
    this.#delivered.set(key, (this.#delivered.get(key) ?? 0) + 1);
    this.#deliver(message);
  }

  /** A message on the new side. */
  fresh(message: Msg): void {
    if (this.#held === undefined) this.#deliverOnce(message);
    else {
      this.#held.push(message);
      if (this.#held.length > mostHeld) this.release();
    }
  }

  /** The old side has ended: what was held back goes on. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const message of held) this.#deliverOnce(message);
  }

  /** The new side has got all that the old one had: whatever it gets from now on is new. */
  end(): void {
    this.release();
    this.#delivered.clear();
  }

  #deliverOnce(message: Msg): void {
    if (this.#delivered.size > 0) {
      const key = keyOf(message);
      const count = this.#delivered.get(key);
      if (count !== undefined) {
        if (count === 1) this.#delivered.delete(key);
        else this.#delivered.set(key, count - 1);
        return;
      }
    }
    this.#deliver(message);
  }
}

function keyOf({ subject, reply, data }: Msg): string {
  const body =
    data.length > longBody
      ? createHash("sha256").update(data).digest("base64")
      : Buffer.from(data.buffer, data.byteOffset, data.length).toString(
          "latin1",
        );
  return `${subject} ${reply ?? ""} ${body}`;
}
