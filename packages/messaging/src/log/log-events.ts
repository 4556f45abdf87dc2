import { subscribe } from "node:diagnostics_channel";

import { errorChain, natsChannelName } from "@keyturn/nats";

import {
  messagesChannelName,
  messagingChannelName,
} from "../events/messaging-events.js";
import type { LogLevel } from "./log-level.js";
import type { Logger } from "./logger.js";

/** What the events of all packages have in common. */
interface AnyEvent {
  readonly level: LogLevel;
  readonly message: string;
  readonly error?: unknown;
  readonly [field: string]: unknown;
}

const channels: Readonly<Record<string, string>> = {
  [natsChannelName]: "keyturn_nats",
  "keyturn:wrpc": "keyturn_wrpc",
  "keyturn:provider": "keyturn_provider",
  [messagingChannelName]: "keyturn_messaging",
};

/** Writes the events of all packages down. */
export function logEvents(logger: Logger): void {
  for (const [name, target] of Object.entries(channels))
    subscribe(name, (event) => logEvent(logger, target, event as AnyEvent));
}

/** Writes every single message down, too: who, where, how large, never what. */
export function logMessages(logger: Logger): void {
  subscribe(messagesChannelName, (event) =>
    logEvent(logger, "keyturn_messaging", event as AnyEvent),
  );
}

function logEvent(logger: Logger, target: string, event: AnyEvent): void {
  const { level, message, error, ...rest } = event;
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(rest))
    if (["string", "number", "boolean"].includes(typeof value))
      fields[name] = value;
  const chain = error === undefined ? "" : errorChain(error);
  if (chain !== "" && !message.includes(chain)) fields["error"] = chain;
  logger.log(level, target, message, fields);
}
