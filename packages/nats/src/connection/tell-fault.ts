import type { Teller } from "../events/teller.js";
import type { ConnectionFault } from "../handover/posture.js";

/** Tells what went wrong on a connection as an event. */
export function tellFault(fault: ConnectionFault, tell: Teller): void {
  const { error } = fault;
  if (fault.type === "streamFault") {
    tell({
      type: "serverError",
      level: "error",
      message:
        "The server sent something that is not NATS: the connection is made anew.",
      error,
    });
    return;
  }
  const { subject } = fault;
  const message = `The callback of the subscription to \`${subject}\` threw.`;
  const isHeard = tell({
    type: "callbackFailed",
    level: "error",
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
