import { readFileSync } from "node:fs";

import {
  connect,
  credsCredential,
  type Credential,
  type LiveConnection,
  type NatsEvent,
} from "@keyturn/nats";

import { fail } from "../errors/cli-errors.js";
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
  creds: {
    type: "text",
    value: "FILE",
    summary: "credentials file to sign in with; followed when it changes",
    env: "NATS_CREDS",
  },
} as const satisfies Record<string, OptionSpec>;

/** What was typed for {@link connectionOptions}. */
export interface ConnectionInput {
  readonly server: string;
  readonly creds: string | undefined;
}

/**
 * Connects as the options say.
 *
 * @param name as monitoring shows it
 * @throws KeyturnError
 */
export function openConnection(
  { server, creds }: ConnectionInput,
  name: string,
  onEvent?: (event: NatsEvent) => void,
): Promise<LiveConnection> {
  return connect({
    servers: server,
    name,
    ...(creds !== undefined && { credentials: () => credentialOf(creds) }),
    ...(onEvent !== undefined && { onEvent }),
  });
}

function credentialOf(path: string): Credential {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw fail(
      "CLI_FILE_UNREADABLE",
      `The credentials file ${path} cannot be read.`,
      { cause },
    );
  }
  try {
    return credsCredential(bytes, { source: path, plaintext: false });
  } finally {
    bytes.fill(0);
  }
}
