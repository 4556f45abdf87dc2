import type { Msg } from "@nats-io/nats-core";

import type { WrpcError } from "../errors/wrpc-error.js";
import {
  fail,
  isWrpcError,
  type WrpcErrorCode,
} from "../errors/wrpc-errors.js";
import type { InboxEntry, Part } from "../inbox/inbox.js";
import { isUsableReply } from "../interface/names.js";
import type { Codec } from "../values/codec/codec.js";
import { Decoding } from "../values/decode.js";
import type { ResolvedValueLimits } from "../values/limits.js";
import { unwatchAbort, watchAbort, type Abortable } from "./abort.js";

/** A function as a client calls it. */
export interface ClientFunc {
  readonly subject: string;
  /** On the wire. */
  readonly name: string;
  readonly params: Codec;
  readonly result: Codec | undefined;
}

/** What a call needs of the client that made it. */
export interface CallOwner {
  readonly limits: ResolvedValueLimits;
  /** How long a callee may still come for parameters when the caller has given up. */
  readonly lingerMs: number;
  /** Publishes the rest of the parameters and their end. */
  publish(subject: string, bytes: Uint8Array): void;
  /** The caller has its answer. */
  settled(success: boolean): void;
  /** The caller has its answer, but the callee may still come for the parameters. */
  linger(call: ClientCall): void;
  /** Nothing more is awaited. */
  drop(call: ClientCall): void;
}

const nothing = new Uint8Array(0);

/** One call under way. */
export class ClientCall implements InboxEntry, Abortable {
  inbox = "";
  slot = 0;
  deadline = 0;
  readonly #owner: CallOwner;
  readonly #func: ClientFunc;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: Error) => void;
  /** Parameters that did not fit into the invocation. */
  #rest: Uint8Array = nothing;
  #callDeadline = 0;
  #accepted = false;
  #settled = false;
  #decoding: Decoding | undefined;
  #signal: AbortSignal | undefined;

  constructor(
    owner: CallOwner,
    func: ClientFunc,
    resolve: (value: unknown) => void,
    reject: (error: Error) => void,
  ) {
    this.#owner = owner;
    this.#func = func;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get awaits(): string | undefined {
    return this.#accepted || this.#settled ? undefined : this.#func.subject;
  }

  /** Parameter bytes that it still holds. */
  get restBytes(): number {
    return this.#rest.length;
  }

  /** Sets what the invocation left over and when to give up. */
  begin(
    rest: Uint8Array,
    handshakeDeadline: number,
    callDeadline: number,
    signal: AbortSignal | undefined,
  ): void {
    this.#rest = rest;
    this.deadline = handshakeDeadline;
    this.#callDeadline = callDeadline;
    this.#signal = signal;
    if (signal !== undefined) watchAbort(signal, this);
  }

  onAbort(reason: unknown): void {
    this.#finish(
      fail("WRPC_CALL_ABORTED", `${this.#name()} was aborted.`, {
        cause: reason,
      }),
    );
  }

  onMessage(part: Part, message: Msg): boolean {
    if (part === "results") this.#onResults(message.data);
    else if (part === "handshake") this.#onHandshake(message);
    else return false;
    return true;
  }

  onDeadline(): void {
    if (this.#settled) this.#owner.drop(this);
    else if (this.#accepted || this.deadline >= this.#callDeadline)
      this.#finish(
        fail(
          "WRPC_CALL_TIMEOUT",
          `${this.#name()} had no result within its deadline.`,
        ),
      );
    else
      this.#finish(
        fail(
          "WRPC_HANDSHAKE_TIMEOUT",
          `${this.#name()} was not accepted within the handshake deadline.`,
        ),
      );
  }

  onLost(error: WrpcError<WrpcErrorCode>): void {
    if (!this.#settled)
      this.#settle(
        fail(error.code, `${this.#name()} failed: ${reasonOf(error)}`, {
          cause: error,
        }),
        undefined,
      );
    this.#owner.drop(this);
  }

  #onHandshake(message: Msg): void {
    if (this.#accepted) return;
    this.#accepted = true;
    const { headers } = message;
    const code = headers?.code ?? 0;
    if (code !== 0 && (code < 200 || code > 299)) {
      this.#finish(this.#statusError(code));
      return;
    }
    const { reply } = message;
    if (!isUsableReply(reply ?? "")) {
      this.#finish(
        this.#protocolFault("the handshake has no usable reply subject."),
      );
      return;
    }
    this.deadline = this.#callDeadline;
    const rest = this.#rest;
    this.#rest = nothing;
    // Also when the caller has given up: a Rust callee serves nobody until it has them.
    this.#owner.publish(`${reply}.params`, rest);
    if (this.#settled) this.#owner.drop(this);
  }

  #onResults(chunk: Uint8Array): void {
    if (this.#settled) return;
    const { result } = this.#func;
    if (chunk.length === 0) {
      this.#onResultsEnd();
      return;
    }
    if (result === undefined) return;
    try {
      let done: boolean;
      if (this.#decoding === undefined) {
        this.#decoding = new Decoding(result, this.#func.name, "result");
        done = this.#decoding.start(chunk, this.#owner.limits);
      } else done = this.#decoding.push(chunk);
      if (done) this.#finish(undefined, this.#decoding.value);
    } catch (error) {
      this.#finish(this.#undecodable(error));
    }
  }

  #onResultsEnd(): void {
    const { result } = this.#func;
    if (result === undefined) this.#finish(undefined, undefined);
    else if (this.#decoding !== undefined)
      this.#finish(
        fail(
          "WRPC_RESULT_TRUNCATED",
          `${this.#name()}: the result ended after ${this.#decoding.received} bytes, before it was complete.`,
        ),
      );
    else if (result.minBytes === 0) {
      const decoding = new Decoding(result, this.#func.name, "result");
      decoding.start(nothing, this.#owner.limits);
      this.#finish(undefined, decoding.value);
    } else
      this.#finish(
        fail("WRPC_RESULT_MISSING", `${this.#name()} ended without a result.`),
      );
  }

  #statusError(status: number): WrpcError<WrpcErrorCode> {
    if (status === 503)
      return fail(
        "WRPC_NO_RESPONDER",
        `Nobody is subscribed to \`${this.#func.subject}\`.`,
      );
    return this.#protocolFault(
      `the NATS server answered with status ${status}.`,
    );
  }

  #undecodable(cause: unknown): Error {
    if (!isWrpcError(cause)) return cause as Error;
    if (cause.code === "WRPC_VALUE_TOO_LARGE")
      return fail(cause.code, `${this.#name()}: ${reasonOf(cause)}`, { cause });
    return this.#protocolFault(reasonOf(cause), cause);
  }

  #protocolFault(what: string, cause?: unknown): WrpcError<WrpcErrorCode> {
    return fail("WRPC_PROTOCOL_FAULT", `${this.#name()}: ${what}`, { cause });
  }

  #name(): string {
    return `The call to \`${this.#func.subject}\``;
  }

  #finish(error: Error | undefined, value?: unknown): void {
    if (!this.#settled) this.#settle(error, value);
    if (this.#accepted) this.#owner.drop(this);
    else {
      // The callee may still come for the parameters, and be stuck until it has them.
      this.deadline = performance.now() + this.#owner.lingerMs;
      this.#owner.linger(this);
    }
  }

  #settle(error: Error | undefined, value: unknown): void {
    this.#settled = true;
    this.#decoding = undefined;
    if (this.#signal !== undefined) {
      unwatchAbort(this.#signal, this);
      this.#signal = undefined;
    }
    this.#owner.settled(error === undefined);
    if (error === undefined) this.#resolve(value);
    else this.#reject(error);
  }
}

/** The message without its last sentence, which the error around it says itself. */
function reasonOf(error: WrpcError): string {
  return error.message.slice(0, error.message.length - error.next.length - 1);
}
