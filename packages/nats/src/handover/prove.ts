import { dialError, isTlsFailure } from "../connection/dial-error.js";
import { reasonsOf } from "../errors/error-chain.js";
import { isKeyturnError } from "../errors/keyturn-error.js";
import { fail } from "../errors/nats-errors.js";
import { Candidate, within, type DialTarget } from "./candidate.js";
import type { Identity } from "./identity.js";
import type { LiveProtocol } from "./protocol.js";
import { otherServers, sameServer } from "./targets.js";

/**
 * Dials a second socket and signs in as `next`: to the server in use if it can be, else to
 * another one of its cluster.
 *
 * @param elsewhere prefer another server (the present one is in lame duck mode)
 * @throws KeyturnError `HANDOVER_REFUSED`, `HANDOVER_TIMEOUT`, `HANDOVER_UNREACHABLE`,
 *   `CREDENTIAL_EXPIRED`
 */
export async function prove(
  protocol: LiveProtocol,
  next: Identity,
  deadlineMs: number,
  elsewhere: boolean,
): Promise<Candidate> {
  const { credential, tls } = next;
  const isNewTls = tls?.fingerprint !== protocol.live.clientTls?.fingerprint;
  const goesOn = `The connection goes on with the present one${isNewTls ? "s" : ""}.`;
  let lastError: unknown;
  for await (const target of targets(protocol, elsewhere)) {
    const candidate = new Candidate(target, protocol.streams, tls);
    // A connection that is closed meanwhile leaves no socket behind.
    protocol.candidate = candidate;
    try {
      await within(
        deadlineMs,
        `Connecting to ${target.hostname}:${target.port}`,
        (async () => {
          await candidate.dial(protocol.options);
          await candidate.authenticate(credential, protocol.options);
        })(),
      );
      return inSameAccount(protocol, candidate);
    } catch (error) {
      candidate.close();
      protocol.candidate = undefined;
      lastError = isRefusal(lastError) ? lastError : error;
      if (protocol.isClosed()) break;
      if (isKeyturnError(error) && error.code === "CREDENTIAL_OTHER_ACCOUNT")
        throw error;
      // A refusal of the credential would be the same everywhere; another server may have room.
      if (isRefusal(error) && !isFull(error) && !elsewhere) break;
    }
  }
  if (isTooSlow(lastError)) {
    throw fail(
      "HANDOVER_TIMEOUT",
      `The server did not wait any longer for the new credential to be presented. ${goesOn}`,
      { cause: lastError },
    );
  }
  if (isRefusal(lastError)) {
    const who = isNewTls
      ? `certificates (${tls?.name})`
      : `credential (${credential.publicKey ?? credential.kind}, from ${credential.origin.source})`;
    throw fail(
      "HANDOVER_REFUSED",
      `The server refused the new ${who}: ${lastError.message}. ${goesOn}`,
      { cause: lastError },
    );
  }
  if (isNewTls && isTlsFailure(lastError)) {
    const why = dialError(
      lastError,
      [protocol.servers.getCurrentServer().toString()],
      undefined,
    );
    throw fail(
      "HANDOVER_REFUSED",
      `TLS with the new certificates (${tls?.name}) failed: ${reasonsOf(why).text} ${goesOn}`,
      {
        cause: lastError,
        next: "Put certificates there that both sides trust; they are tried again when they change.",
      },
    );
  }
  throw fail(
    "HANDOVER_UNREACHABLE",
    "No server could be reached for a second connection. The present one goes on.",
    { cause: lastError },
  );
}

async function* targets(
  protocol: LiveProtocol,
  elsewhere: boolean,
): AsyncIterable<DialTarget> {
  if (!elsewhere) yield sameServer(protocol);
  yield* otherServers(protocol);
  if (elsewhere) yield sameServer(protocol);
}

/** Whether it is this one server that takes no more connections. */
function isFull(refusal: Error): boolean {
  return /^maximum connections exceeded/i.test(refusal.message);
}

function isRefusal(error: unknown): error is Error {
  return isServerRefusal(error) && !isTooSlow(error);
}

/** Says nothing of the credential: this process, or the server, has too much to do. */
function isTooSlow(error: unknown): boolean {
  return (
    isServerRefusal(error) && /^authentication timeout/i.test(error.message)
  );
}

function isServerRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === "ServerRefusal";
}

/**
 * Subjects, streams and consumers of another account are others, even if their names are the same.
 * Servers tell the account since 2.12; that of a user JWT is known before any dial.
 */
function inSameAccount(
  protocol: LiveProtocol,
  candidate: Candidate,
): Candidate {
  const before = accountOf(protocol.info);
  const after = accountOf(candidate.info);
  if (before === undefined || after === undefined || before === after)
    return candidate;
  throw otherAccount(before, after);
}

/** The refusal of a credential that belongs to another account than the connection. */
export function otherAccount(before: string, after: string): Error {
  return fail(
    "CREDENTIAL_OTHER_ACCOUNT",
    `The new credential belongs to account ${after}, the connection to ${before}. The connection goes on with the present one.`,
  );
}

function accountOf(info: object | undefined): string | undefined {
  const account = (info as { remote_account?: unknown } | undefined)
    ?.remote_account;
  return typeof account === "string" && account !== "" ? account : undefined;
}
