import { publishNatsEvent, type NatsEvent } from "./nats-events.js";

/** An event of a connection whose label is known. */
export type Told = Omit<NatsEvent, "connection">;

/** Tells an event of a connection; true if anybody listened. */
export type Teller = (event: Told) => boolean;

/** Tells events of the connection `label` on the channel `keyturn:nats`, and to `listener`. */
export function teller(
  label: string,
  listener?: (event: NatsEvent) => void,
): Teller {
  return (event) => {
    const full: NatsEvent = { ...event, connection: label };
    const isHeard = publishNatsEvent(full);
    if (listener === undefined) return isHeard;
    try {
      listener(full);
    } catch (error) {
      publishNatsEvent({
        type: "listenerFailed",
        level: "error",
        connection: label,
        message: "A listener for connection events threw.",
        error,
      });
    }
    return true;
  };
}
