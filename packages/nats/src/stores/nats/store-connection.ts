import { readFile } from "node:fs/promises";

import {
  errors,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
} from "@nats-io/nats-core";

import { connect } from "../../connection/connect.js";
import { parseServers } from "../../connection/servers.js";
import { isKeyturnError } from "../../errors/keyturn-error.js";
import { fail } from "../../errors/nats-errors.js";
import type { LiveConnection } from "../../handover/live-connection.js";
import type { Reference } from "../reference.js";
import { credentialsFrom } from "../registry.js";

/** Parameters of a reference to a store that is reached over NATS. */
export const connectionParameters = [
  "servers",
  "credentials",
  "ca-file",
] as const;

/** How long a store may take to answer, in milliseconds. */
const requestMs = 4000;

/**
 * How a store over NATS is reached: `servers` (comma-separated; by default `NATS_URL`, or this machine),
 * `credentials` (a reference; by default none), `ca-file` (PEM; by default the authorities of Node.js).
 *
 * @throws KeyturnError `REFERENCE_INVALID`, `CONNECT_URL_INVALID`
 */
export function connector(reference: Reference): () => Promise<LiveConnection> {
  const { parameters } = reference;
  const place = reference.text;
  const servers = parameters.get("servers") ?? process.env["NATS_URL"];
  if (servers !== undefined) parseServers(servers);
  const text = parameters.get("credentials");
  const credentials = text === undefined ? undefined : credentialsFrom(text);
  const ca = parameters.get("ca-file");
  return async () => {
    try {
      return await connect({
        ...(servers === undefined ? {} : { servers }),
        ...(credentials === undefined ? {} : { credentials }),
        ...(ca === undefined
          ? {}
          : { tls: { ca: await readFile(ca, "utf8") } }),
        name: `keyturn: ${place}`,
        connectionLabel: place,
      });
    } catch (cause) {
      throw fail(
        "STORE_UNREADABLE",
        `The NATS server of ${place} cannot be used.`,
        { cause, ...(isKeyturnError(cause) ? { next: cause.next } : {}) },
      );
    }
  };
}

/**
 * Asks a store over NATS.
 *
 * @param options.silence what to look at if no answer comes
 * @throws KeyturnError `STORE_UNREADABLE`
 */
export async function ask(
  connection: NatsConnection,
  subject: string,
  payload: Uint8Array | string,
  options: {
    readonly place: string;
    readonly headers?: MsgHdrs;
    readonly silence: string;
  },
): Promise<Msg> {
  const { place, headers, silence } = options;
  try {
    return await connection.request(subject, payload, {
      timeout: requestMs,
      ...(headers === undefined ? {} : { headers }),
    });
  } catch (cause) {
    throw unanswered(cause, place, subject, silence);
  }
}

function unanswered(
  cause: unknown,
  place: string,
  subject: string,
  silence: string,
): Error {
  const kinds = [cause, cause instanceof Error ? cause.cause : undefined];
  const is = (kind: abstract new (...args: never[]) => Error): boolean =>
    kinds.some((error) => error instanceof kind);
  if (is(errors.NoRespondersError) || is(errors.TimeoutError))
    return fail(
      "STORE_UNREADABLE",
      `What ${place} names cannot be read: nobody answers at \`${subject}\`.`,
      { cause, next: silence },
    );
  if (is(errors.PermissionViolationError))
    return fail(
      "STORE_UNREADABLE",
      `What ${place} names cannot be read: its user may not ask at \`${subject}\`.`,
      {
        cause,
        next: `Let the user publish to \`${subject}\` and subscribe to \`_INBOX.>\`.`,
      },
    );
  return fail("STORE_UNREADABLE", `What ${place} names cannot be read.`, {
    cause,
  });
}
