import { WrpcError, type ErrorTable } from "./wrpc-error.js";

/** Every error code that `@keyturn/wrpc` raises. Listed for readers in `docs/errors.md`. */
export const wrpcErrors = {
  WRPC_NO_RESPONDER: {
    meaning: "Nobody is subscribed to the subject of the called function.",
    next: "Check that the callee is running, that its id and lattice are right and that it exports the function; the call did not reach anybody and is safe to repeat.",
  },
  WRPC_HANDSHAKE_TIMEOUT: {
    meaning: "The callee did not accept the call in time.",
    next: "Check that the callee is alive and not overloaded, or raise the handshake deadline; repeat the call only if it may run twice.",
  },
  WRPC_CALL_TIMEOUT: {
    meaning:
      "The callee accepted the call but its result did not come in time.",
    next: "Check the callee, or raise the call deadline; repeat the call only if it may run twice.",
  },
  WRPC_RESULT_MISSING: {
    meaning:
      "The callee ended the call without a result: it failed or refused.",
    next: "Look at the callee's log; the protocol carries no reason.",
  },
  WRPC_RESULT_TRUNCATED: {
    meaning: "The result ended in the middle of its value.",
    next: "Check the connection of both sides for reconnects, and that both use the same version of the interface.",
  },
  WRPC_PROTOCOL_FAULT: {
    meaning: "The peer sent something that wRPC 0.0.1 does not allow.",
    next: "Check that both sides speak wRPC 0.0.1 and use the same version of the interface.",
  },
  WRPC_CONNECTION_CLOSED: {
    meaning: "The NATS connection is closed or draining.",
    next: "Make a new connection, and a new client or server on it.",
  },
  WRPC_NOT_CONNECTED: {
    meaning: "The NATS connection is reconnecting; the call was not sent.",
    next: "Repeat the call once the connection is back; it did not reach anybody.",
  },
  WRPC_NOT_PERMITTED: {
    meaning:
      "The NATS server refused to publish or subscribe for lack of permission.",
    next: "Give the NATS user of this connection the permission that the message names.",
  },
  WRPC_OVERLOADED: {
    meaning: "Too many calls of this client are outstanding.",
    next: "Call less at a time, or raise `limits.maxOutstanding`; this call was not sent.",
  },
  WRPC_CALL_ABORTED: {
    meaning: "The caller's abort signal fired.",
    next: "Expect that the callee may run the call all the same.",
  },
  WRPC_HEADER_INVALID: {
    meaning: "A header cannot be sent: its name, its value or their size.",
    next: "Correct the header: names of visible ASCII without a colon, values without control characters.",
  },
  WRPC_VALUE_INVALID: {
    meaning: "A JavaScript value does not fit its WIT type.",
    next: "Correct the value at the path that the message names.",
  },
  WRPC_VALUE_MALFORMED: {
    meaning: "Received bytes are not a value of the expected WIT type.",
    next: "Check that both sides use the same version of the interface.",
  },
  WRPC_VALUE_TRUNCATED: {
    meaning: "Received bytes ended before the value was complete.",
    next: "Check that both sides use the same version of the interface.",
  },
  WRPC_VALUE_TOO_LARGE: {
    meaning: "A received value is larger than the limits allow.",
    next: "Raise the named limit if values of this size are wanted.",
  },
  WRPC_TYPE_UNSUPPORTED: {
    meaning: "A WIT type cannot be encoded or decoded by this package.",
    next: "Use an interface without it.",
  },
  WRPC_INTERFACE_INVALID: {
    meaning: "The description of an interface or type is wrong.",
    next: "Correct the description in the code.",
  },
  WRPC_OPTION_INVALID: {
    meaning: "An option of `client` or `serve` is wrong.",
    next: "Correct the option in the code.",
  },
  WRPC_HANDLER_FAILED: {
    meaning:
      "A handler threw; the caller got an empty result. Seen in events and by `onFault` only.",
    next: "Look at the cause; to send an error value instead, return one from the handler or from `onFault`.",
  },
  WRPC_CALL_REFUSED: {
    meaning:
      "The server ended a call unserved because a limit was reached. Seen in events only.",
    next: "Serve with more members in the queue group, or raise the limit that the message names.",
  },
  WRPC_PARAMS_TIMEOUT: {
    meaning:
      "The caller did not send all parameters in time. Seen in events only.",
    next: "Check the caller and its connection.",
  },
} as const satisfies ErrorTable;

/** A code that `@keyturn/wrpc` raises. */
export type WrpcErrorCode = keyof typeof wrpcErrors;

/** What may be said beside the code and the message. */
export interface WrpcErrorDetails {
  /** What broke underneath; kept as it is. */
  readonly cause?: unknown;
  /** Replaces the table's last sentence where this place knows a better one. */
  readonly next?: string;
}

/** Raises the errors of this package. */
export function fail<Code extends WrpcErrorCode>(
  code: Code,
  what: string,
  details?: WrpcErrorDetails,
): WrpcError<Code> {
  return new WrpcError(
    code,
    what,
    details?.next ?? wrpcErrors[code].next,
    details?.cause,
  );
}

/** Whether a value is a {@link WrpcError}, whichever copy of the package made it. */
export function isWrpcError(value: unknown): value is WrpcError<WrpcErrorCode> {
  return (
    value instanceof Error &&
    value.name === "WrpcError" &&
    Symbol.for("keyturn.error") in value
  );
}
