import { channel as diagnosticsChannel } from "node:diagnostics_channel";

import type { WrpcError } from "../errors/wrpc-error.js";

/** What the transport has to say. Never holds values, bodies or headers. */
export interface WrpcEvent {
  readonly type:
    | "handler-failed"
    | "params-invalid"
    | "params-timeout"
    | "call-refused"
    | "invocation-unusable"
    | "inbox-lost"
    | "subscription-lost";
  readonly level: "error" | "warn" | "info" | "debug" | "trace";
  readonly message: string;
  readonly code?: string;
  /** Interface of the call, e.g. `wasmcloud:messaging/handler@0.2.0`. */
  readonly instance?: string;
  /** Function of the call as it is called on the wire, e.g. `handle-message`. */
  readonly func?: string;
  readonly error?: unknown;
}

/** Name of the diagnostics channel that carries {@link WrpcEvent}s. */
export const wrpcEventChannel = "keyturn:wrpc";

const channel = diagnosticsChannel(wrpcEventChannel);

/** Publishes an event about an error. */
export function publishError(
  type: WrpcEvent["type"],
  level: WrpcEvent["level"],
  error: WrpcError,
  where?: { readonly instance: string; readonly func: string },
): void {
  if (!channel.hasSubscribers) return;
  const event: WrpcEvent = {
    type,
    level,
    message: error.message,
    code: error.code,
    ...(where && { instance: where.instance, func: where.func }),
    error,
  };
  channel.publish(event);
}
