import type { NatsConnection } from "@nats-io/nats-core";

/**
 * Largest payload of one message now; it may change with each reconnect. 0 while not connected.
 */
export function maxPayload(connection: NatsConnection): number {
  return connection.info?.max_payload ?? 0;
}

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

/** Publishes bytes in messages of at most `max_payload`, then the empty message that ends them. */
export function publishStream(
  connection: NatsConnection,
  subject: string,
  bytes: Uint8Array,
): void {
  const { length } = bytes;
  if (length > 0) {
    const max = maxPayload(connection);
    if (length <= max) connection.publish(subject, bytes);
    else if (max > 0)
      for (let at = 0; at < length; at += max)
        connection.publish(subject, bytes.subarray(at, at + max));
  }
  connection.publish(subject);
}
