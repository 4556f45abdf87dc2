import type { NatsConnection, PublishOptions } from "@nats-io/nats-core";

import { fail } from "../errors/wrpc-errors.js";

/**
 * Largest payload of one message now; it may change with each reconnect. 0 while not connected.
 */
export function maxPayload(connection: NatsConnection): number {
  return connection.info?.max_payload ?? 0;
}

/** Encoded values are never written over: `@keyturn/nats` need not copy them, nats.js does not look. */
export interface FinalOptions extends PublishOptions {
  readonly payloadIsFinal: true;
}

const final: FinalOptions = { payloadIsFinal: true };

/**
 * How many bytes of the parameters go into the invocation message: `max_payload` less inbox and
 * header block. The server does not count the inbox; the peers' implementation does.
 */
export function firstChunkBytes(
  max: number,
  inboxBytes: number,
  headerBytes: number,
): number {
  return Math.max(0, max - inboxBytes - headerBytes);
}

/**
 * Publishes bytes in messages of at most `max_payload`, then the empty message that ends them.
 *
 * @throws Error if the connection takes nothing at the moment
 */
export function publishStream(
  connection: NatsConnection,
  subject: string,
  bytes: Uint8Array,
): void {
  const { length } = bytes;
  if (length > 0) {
    const max = maxPayload(connection);
    // An end without the bytes before it would tell the peer another story.
    if (max === 0) throw fail("WRPC_NOT_CONNECTED", "There is no connection.");
    if (length <= max) connection.publish(subject, bytes, final);
    else
      for (let at = 0; at < length; at += max)
        connection.publish(subject, bytes.subarray(at, at + max), final);
  }
  connection.publish(subject);
}
