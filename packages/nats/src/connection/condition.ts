import type { Credential } from "../credentials/credential.js";
import { reasonsOf, withStop } from "../errors/error-chain.js";
import { fail } from "../errors/nats-errors.js";
import { dialError } from "./dial-error.js";

/**
 * How a connection is: `connected`; `reconnecting`, because servers cannot be reached or refuse it;
 * `waiting` for a credential that may be presented, dialling nobody meanwhile; `closed` by its owner.
 */
export type ConnectionState =
  "connected" | "reconnecting" | "waiting" | "closed";

/** Remembers why a connection is down. */
export class Condition {
  readonly #server: () => string;
  readonly #credential: () => Credential | undefined;
  /** What the server said, or how the last dial ended, since the connection was last well. */
  #reason: unknown;

  constructor(server: () => string, credential: () => Credential | undefined) {
    this.#server = server;
    this.#credential = credential;
  }

  /** A server sent an error, or a dial failed. */
  worse(reason: unknown): void {
    this.#reason = reason;
  }

  connected(): void {
    this.#reason = undefined;
  }

  /** Why it is down, in the words of a first connection that fails. */
  get whyDown(): Error {
    if (this.#reason === undefined) {
      return fail(
        "CONNECT_UNREACHABLE",
        `The connection to ${this.#server()} was lost, and is being made anew.`,
      );
    }
    return dialError(this.#reason, [this.#server()], this.#credential());
  }
}

/** Why nothing may be presented: the fault of what is at hand, and why the source gives nothing better. */
export function whyWaiting(fault: Error, sourceFailure: unknown): Error {
  if (sourceFailure === undefined) return fault;
  const { code } = fault as { code?: unknown };
  if (code === (sourceFailure as { code?: unknown } | null)?.code)
    return sourceFailure as Error;
  const { text, next } = reasonsOf(sourceFailure);
  return fail(
    "CREDENTIAL_UNAVAILABLE",
    `The credential at hand may not be presented (${String(code)}), and its source gives no other: ${withStop(text)}`,
    { cause: sourceFailure, ...(next !== "" && { next }) },
  );
}
