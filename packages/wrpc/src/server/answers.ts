import type { NatsConnection } from "@nats-io/nats-core";

import type { WrpcError } from "../errors/wrpc-error.js";
import {
  fail,
  isWrpcError,
  type WrpcErrorCode,
} from "../errors/wrpc-errors.js";
import { publishError, type WrpcEvent } from "../events/wrpc-events.js";
import { publishStream } from "../wire/chunks.js";
import type { ServerStats } from "./options.js";
import type { ServerCall } from "./server-call.js";

/** A result that is none: how failure is told. */
export const noResult = new Uint8Array(0);

/** Counters that only grow. */
export type Counts = {
  -readonly [
    K in keyof Omit<
      ServerStats,
      "receiving" | "waiting" | "running" | "heldBytes"
    >
  ]: number;
};

/** What all calls to a server have in common: how they are accepted, paid for and ended. */
export class Answers {
  readonly count: Counts = {
    received: 0,
    succeeded: 0,
    faulted: 0,
    invalid: 0,
    timedOut: 0,
    refused: 0,
    unusable: 0,
    unfinished: 0,
    unsent: 0,
  };
  heldBytes = 0;
  /** Called when a call has ended. */
  onEnd: (() => void) | undefined;
  readonly #connection: NatsConnection;
  readonly #maxHeldBytes: number;

  constructor(connection: NatsConnection, maxHeldBytes: number) {
    this.#connection = connection;
    this.#maxHeldBytes = maxHeldBytes;
  }

  /**
   * The handshake. Sent for every call, also for one that is then refused: the caller has to get
   * rid of its parameters.
   */
  accept(call: ServerCall, inbox: string): void {
    try {
      this.#connection.publish(call.reply, noResult, { reply: inbox });
    } catch {
      this.count.unsent++;
    }
  }

  /** Puts parameter bytes on the bill; false if the call had to be refused for it. */
  hold(call: ServerCall, bytes: number): boolean {
    call.heldBytes += bytes;
    this.heldBytes += bytes;
    if (this.heldBytes <= this.#maxHeldBytes) return true;
    this.refuse(call, `\`maxHeldBytes\` (${this.#maxHeldBytes})`);
    return false;
  }

  /** Ends a call because a limit is reached. */
  refuse(call: ServerCall, limit: string): void {
    this.count.refused++;
    this.report(
      "call-refused",
      "warn",
      call,
      fail(
        "WRPC_CALL_REFUSED",
        `A call to \`${call.subject}\` was refused: ${limit} is reached.`,
      ),
    );
    this.end(call, noResult);
  }

  /** Sends the result or, without bytes, the sign that there is none. Once for each call. */
  end(call: ServerCall, result: Uint8Array): void {
    call.ended = true;
    this.heldBytes -= call.heldBytes;
    try {
      publishStream(this.#connection, `${call.reply}.results`, result);
    } catch {
      this.count.unsent++;
    }
    this.onEnd?.();
  }

  report(
    type: WrpcEvent["type"],
    level: WrpcEvent["level"],
    where: { readonly instance: string; readonly func: string },
    error: WrpcError,
  ): void {
    publishError(type, level, error, where);
  }
}

/** A thrown value as an error of this package. */
export function asWrpcError(
  error: unknown,
  call: ServerCall,
): WrpcError<WrpcErrorCode> {
  return isWrpcError(error)
    ? error
    : fail("WRPC_HANDLER_FAILED", `The handler of \`${call.subject}\` threw.`, {
        cause: error,
      });
}
