import { publishNatsEvent } from "../events/nats-events.js";
import type { ConnectionFault } from "../handover/posture.js";

/** Tells what went wrong on a connection as an event on the channel `keyturn:nats`. */
export function tellFault(fault: ConnectionFault, connection: string): void {
  const { error } = fault;
  if (fault.type === "streamFault") {
    publishNatsEvent({
      type: "serverError",
      level: "error",
      connection,
      message:
        "The server sent something that is not NATS: the connection is made anew.",
      error,
    });
    return;
  }
  const { subject } = fault;
  const message = `The callback of the subscription to \`${subject}\` threw.`;
  const isHeard = publishNatsEvent({
    type: "callbackFailed",
    level: "error",
    connection,
    message,
    subject,
    error,
  });
  // A fault in somebody's code is never silent.
  if (!isHeard)
    process.emitWarning(
      error instanceof Error ? error : message,
      "NatsCallback",
    );
}
