import { channel } from "node:diagnostics_channel";

/** Something an operator may want to know about a connection. Never holds a secret. */
export interface NatsEvent {
  readonly type:
    | "connected"
    | "disconnected"
    | "reconnected"
    | "closed"
    | "serverError"
    | "permissionViolation"
    | "lameDuck"
    | "slowConsumer"
    | "stale"
    | "credential"
    | "plaintext"
    | "callbackFailed"
    | "listenerFailed";
  readonly level: "error" | "warn" | "info" | "debug" | "trace";
  /** The connection's label. */
  readonly connection: string;
  readonly message: string;
  readonly code?: string;
  readonly server?: string;
  readonly subject?: string;
  readonly error?: unknown;
}

/** Name of the `node:diagnostics_channel` on which this package tells its events. */
export const natsChannelName = "keyturn:nats";

const natsChannel = channel(natsChannelName);

/** Tells an event, if anybody listens. @returns whether anybody does */
export function publishNatsEvent(event: NatsEvent): boolean {
  if (natsChannel.hasSubscribers) natsChannel.publish(event);
  return natsChannel.hasSubscribers;
}
