import { errorChain } from "@keyturn/nats";

import { writeSync } from "node:fs";

import { errorCode } from "../errors/error-code.js";
import { providerChannel, publish } from "../events/provider-events.js";

/**
 * Tells why the process ends: to the subscribers of the event channel, or, where nobody
 * subscribed, as one line on standard error. Subscribers must write synchronously, as the process
 * ends right after.
 */
export function reportFatal(program: string, error: unknown): void {
  const message = errorChain(error);
  publish({
    type: "provider-failed",
    level: "error",
    message,
    error,
    ...errorCode(error),
  });
  if (providerChannel.hasSubscribers) return;
  try {
    writeSync(2, `${program}: ${message}\n`);
  } catch {
    // Standard error is closed or full; there is nobody left to tell.
  }
}
