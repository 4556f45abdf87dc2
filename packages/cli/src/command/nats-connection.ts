import {
  connect,
  credentialsFrom,
  type LiveConnection,
  type NatsEvent,
} from "@keyturn/nats";

import type { OptionSpec } from "./command.js";

/** Options of every command that talks to NATS. */
export const connectionOptions = {
  server: {
    type: "text",
    value: "URL",
    summary: "NATS servers, separated by commas",
    env: "NATS_URL",
    default: "nats://127.0.0.1:4222",
  },
  credentials: {
    type: "text",
    value: "REFERENCE",
    summary:
      "where the credential lies, for example file:///run/secrets/nats.creds",
    env: "KEYTURN_CREDENTIALS",
  },
} as const satisfies Record<string, OptionSpec>;

/** What was typed for {@link connectionOptions}. */
export interface ConnectionInput {
  readonly server: string;
  readonly credentials: string | undefined;
}

/**
 * Connects as the options say.
 *
 * @param name as monitoring shows it
 * @throws KeyturnError
 */
export function openConnection(
  { server, credentials }: ConnectionInput,
  name: string,
  onEvent?: (event: NatsEvent) => void,
): Promise<LiveConnection> {
  return connect({
    servers: server,
    name,
    // A stack for each request, for errors that nobody reads the stack of.
    noAsyncTraces: true,
    ...(credentials !== undefined && {
      credentials: credentialsFrom(credentials),
    }),
    ...(onEvent !== undefined && { onEvent }),
  });
}
