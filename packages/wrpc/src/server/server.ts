import type { Msg, NatsConnection } from "@nats-io/nats-core";

import type { WrpcError } from "../errors/wrpc-error.js";
import {
  fail,
  isWrpcError,
  type WrpcErrorCode,
} from "../errors/wrpc-errors.js";
import { publishError, type WrpcEvent } from "../events/wrpc-events.js";
import { inboxOf, type Inbox } from "../inbox/inbox.js";
import { isUsableReply } from "../interface/names.js";
import { Decoding } from "../values/decode.js";
import { encodeWith } from "../values/encode.js";
import { publishStream } from "../wire/chunks.js";
import { Fifo } from "./fifo.js";
import type { Fault, ResolvedServerLimits, ServerStats } from "./options.js";
import { Receiving, type Receiver } from "./receiving.js";
import { ServerCall, type ServedFunc } from "./server-call.js";

type Counter =
  | "received"
  | "succeeded"
  | "faulted"
  | "invalid"
  | "timedOut"
  | "refused"
  | "unusable"
  | "unfinished"
  | "unsent";

interface Waiting {
  readonly call: ServerCall;
  readonly args: unknown[];
}

const nothing = new Uint8Array(0);

/** The calls to one server: takes them in, bounds them, runs them, answers them. */
export class Server implements Receiver {
  readonly #connection: NatsConnection;
  readonly #inbox: Inbox;
  readonly #limits: ResolvedServerLimits;
  readonly #onFault: ((fault: Fault) => unknown) | undefined;
  readonly #count: Record<Counter, number> = {
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
  readonly #receiving = new Set<Receiving>();
  readonly #running = new Set<ServerCall>();
  readonly #waiting = new Fifo<Waiting>();
  #heldBytes = 0;
  #pumping = false;
  #closed = false;
  #onIdle: (() => void) | undefined;

  constructor(
    connection: NatsConnection,
    limits: ResolvedServerLimits,
    onFault: ((fault: Fault) => unknown) | undefined,
  ) {
    this.#connection = connection;
    this.#inbox = inboxOf(connection);
    this.#inbox.listen();
    this.#limits = limits;
    this.#onFault = onFault;
  }

  get stats(): ServerStats {
    return {
      ...this.#count,
      receiving: this.#receiving.size,
      waiting: this.#waiting.size,
      running: this.#running.size,
      heldBytes: this.#heldBytes,
    };
  }

  /** A call comes in. */
  onInvocation(target: ServedFunc, message: Msg): void {
    this.#count.received++;
    const reply = message.reply ?? "";
    if (!isUsableReply(reply)) {
      this.#count.unusable++;
      this.#report(
        "invocation-unusable",
        "warn",
        target,
        fail(
          "WRPC_PROTOCOL_FAULT",
          `An invocation of \`${target.subject}\` has ${reply === "" ? "no" : "too long a"} reply subject.`,
        ),
      );
      return;
    }
    const call = new ServerCall(target, message, reply);
    if (this.#closed) {
      this.#accept(call, this.#inbox.addressOf(0));
      this.#count.unfinished++;
      this.#end(call, nothing);
      return;
    }
    const decoding = new Decoding(target.params, target.func, "params");
    let complete: boolean;
    try {
      complete = decoding.start(message.data, this.#limits);
    } catch (error) {
      this.#accept(call, this.#inbox.addressOf(0));
      this.#paramsInvalid(call, error);
      return;
    }
    if (complete) {
      this.#accept(call, this.#inbox.addressOf(0));
      if (this.#hold(call, message.data.length))
        this.#admit(call, decoding.value as unknown[]);
    } else this.#receive(call, decoding);
  }

  #receive(call: ServerCall, decoding: Decoding): void {
    const { maxReceiving, paramsMs } = this.#limits;
    if (this.#receiving.size >= maxReceiving) {
      this.#accept(call, this.#inbox.addressOf(0));
      this.#refuse(call, `\`maxReceiving\` (${maxReceiving})`);
      return;
    }
    const receiving = new Receiving(
      this,
      call,
      decoding,
      performance.now() + paramsMs,
    );
    this.#inbox.add(receiving);
    this.#receiving.add(receiving);
    this.#accept(call, receiving.inbox);
    if (!this.#hold(call, decoding.received)) this.#stopReceiving(receiving);
  }

  onParams(receiving: Receiving, chunk: Uint8Array): void {
    const { call, decoding } = receiving;
    if (chunk.length === 0) {
      this.#stopReceiving(receiving);
      this.#paramsInvalid(
        call,
        fail(
          "WRPC_VALUE_TRUNCATED",
          `${call.func} params: ended after ${decoding.received} bytes, before they were complete.`,
        ),
      );
      return;
    }
    let complete: boolean;
    try {
      complete = decoding.push(chunk);
    } catch (error) {
      this.#stopReceiving(receiving);
      this.#paramsInvalid(call, error);
      return;
    }
    if (!this.#hold(call, chunk.length)) this.#stopReceiving(receiving);
    else if (complete) {
      this.#stopReceiving(receiving);
      this.#admit(call, decoding.value as unknown[]);
    }
  }

  onParamsTimeout(receiving: Receiving): void {
    const { call } = receiving;
    this.#stopReceiving(receiving);
    this.#count.timedOut++;
    this.#report(
      "params-timeout",
      "warn",
      call,
      fail(
        "WRPC_PARAMS_TIMEOUT",
        `The parameters of a call to \`${call.subject}\` did not come within ${this.#limits.paramsMs} ms; ${receiving.decoding.received} bytes had come.`,
      ),
    );
    this.#end(call, nothing);
  }

  onParamsLost(receiving: Receiving): void {
    this.#stopReceiving(receiving);
    this.#count.unfinished++;
    this.#end(receiving.call, nothing);
  }

  #stopReceiving(receiving: Receiving): void {
    this.#receiving.delete(receiving);
    this.#inbox.remove(receiving);
  }

  // The handshake. Sent for every call, also for one that is then refused: the caller has to get
  // rid of its parameters.
  #accept(call: ServerCall, inbox: string): void {
    try {
      this.#connection.publish(call.reply, nothing, { reply: inbox });
    } catch {
      this.#count.unsent++;
    }
  }

  #hold(call: ServerCall, bytes: number): boolean {
    const { maxHeldBytes } = this.#limits;
    call.heldBytes += bytes;
    this.#heldBytes += bytes;
    if (this.#heldBytes <= maxHeldBytes) return true;
    this.#refuse(call, `\`maxHeldBytes\` (${maxHeldBytes})`);
    return false;
  }

  #admit(call: ServerCall, args: unknown[]): void {
    const { maxRunning, maxWaiting } = this.#limits;
    if (this.#running.size < maxRunning && this.#waiting.size === 0)
      this.#run(call, args);
    else if (this.#waiting.size < maxWaiting)
      this.#waiting.push({ call, args });
    else this.#refuse(call, `\`maxWaiting\` (${maxWaiting})`);
  }

  #run(call: ServerCall, args: unknown[]): void {
    this.#running.add(call);
    args.push(call);
    let outcome: unknown;
    try {
      outcome = call.target.handle(args);
    } catch (error) {
      this.#handlerFailed(call, error);
      return;
    }
    if (isPromiseLike(outcome))
      outcome.then(
        (value: unknown) => {
          this.#answer(call, value);
        },
        (error: unknown) => {
          this.#handlerFailed(call, error);
        },
      );
    else this.#answer(call, outcome);
  }

  #answer(call: ServerCall, value: unknown): void {
    if (call.ended) return;
    const { result } = call.target;
    if (result === undefined) {
      this.#count.succeeded++;
      this.#end(call, nothing);
      return;
    }
    let bytes: Uint8Array;
    try {
      bytes = encodeWith(result, value, call.func, "result");
    } catch (error) {
      this.#fault(call, error);
      return;
    }
    this.#count.succeeded++;
    this.#end(call, bytes);
  }

  #handlerFailed(call: ServerCall, cause: unknown): void {
    if (call.ended) return;
    this.#fault(
      call,
      fail("WRPC_HANDLER_FAILED", `The handler of \`${call.subject}\` threw.`, {
        cause,
      }),
    );
  }

  #fault(call: ServerCall, cause: unknown): void {
    const error = asWrpcError(cause, call);
    this.#count.faulted++;
    this.#report("handler-failed", "error", call, error);
    this.#end(call, this.#substitute(call, error));
  }

  #substitute(call: ServerCall, error: WrpcError<WrpcErrorCode>): Uint8Array {
    const { result } = call.target;
    if (this.#onFault === undefined || result === undefined) return nothing;
    try {
      const value = this.#onFault({ error, call });
      return value === undefined
        ? nothing
        : encodeWith(result, value, call.func, "result");
    } catch (cause) {
      this.#report(
        "handler-failed",
        "error",
        call,
        fail(
          "WRPC_HANDLER_FAILED",
          `\`onFault\` for \`${call.subject}\` threw or returned what cannot be sent.`,
          { cause },
        ),
      );
      return nothing;
    }
  }

  #paramsInvalid(call: ServerCall, cause: unknown): void {
    this.#count.invalid++;
    this.#report("params-invalid", "warn", call, asWrpcError(cause, call));
    this.#end(call, nothing);
  }

  #refuse(call: ServerCall, limit: string): void {
    this.#count.refused++;
    this.#report(
      "call-refused",
      "warn",
      call,
      fail(
        "WRPC_CALL_REFUSED",
        `A call to \`${call.subject}\` was refused: ${limit} is reached.`,
      ),
    );
    this.#end(call, nothing);
  }

  /** Sends the result, or the sign that there is none, and makes room for the next call. */
  #end(call: ServerCall, result: Uint8Array): void {
    if (call.ended) return;
    call.ended = true;
    this.#heldBytes -= call.heldBytes;
    try {
      publishStream(this.#connection, `${call.reply}.results`, result);
    } catch {
      this.#count.unsent++;
    }
    if (this.#running.delete(call)) this.#pump();
    if (this.#onIdle !== undefined && this.#idle) this.#onIdle();
  }

  // A loop and not a recursion: handlers may all answer at once.
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#running.size < this.#limits.maxRunning) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#run(next.call, next.args);
    }
    this.#pumping = false;
  }

  get #idle(): boolean {
    return this.#receiving.size + this.#waiting.size + this.#running.size === 0;
  }

  /** Resolves once no call is under way. */
  async idle(): Promise<void> {
    if (this.#idle) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Ends all calls without a result. */
  end(): number {
    if (this.#closed) return 0;
    this.#closed = true;
    const calls = [...this.#running];
    for (const receiving of this.#receiving) {
      this.#stopReceiving(receiving);
      calls.push(receiving.call);
    }
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift())
      calls.push(next.call);
    for (const call of calls) {
      this.#end(call, nothing);
      call.abort();
    }
    this.#count.unfinished += calls.length;
    return calls.length;
  }

  #report(
    type: WrpcEvent["type"],
    level: WrpcEvent["level"],
    where: { readonly instance: string; readonly func: string },
    error: WrpcError,
  ): void {
    publishError(type, level, error, where);
  }
}

function asWrpcError(
  error: unknown,
  call: ServerCall,
): WrpcError<WrpcErrorCode> {
  return isWrpcError(error)
    ? error
    : fail("WRPC_HANDLER_FAILED", `The handler of \`${call.subject}\` threw.`, {
        cause: error,
      });
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}
