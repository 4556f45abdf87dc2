import type { WrpcError } from "../errors/wrpc-error.js";
import { fail, type WrpcErrorCode } from "../errors/wrpc-errors.js";
import { encodeWith } from "../values/encode.js";
import { asWrpcError, noResult, type Answers } from "./answers.js";
import { Fifo } from "./fifo.js";
import type { Fault, ResolvedServerLimits } from "./options.js";
import type { ServerCall } from "./server-call.js";

interface Waiting {
  readonly call: ServerCall;
  readonly args: unknown[];
}

/** Runs handlers, so many at a time, and answers with what they return. */
export class Runner {
  readonly #answers: Answers;
  readonly #limits: ResolvedServerLimits;
  readonly #onFault: ((fault: Fault) => unknown) | undefined;
  readonly #running = new Set<ServerCall>();
  readonly #waiting = new Fifo<Waiting>();
  #pumping = false;

  constructor(
    answers: Answers,
    limits: ResolvedServerLimits,
    onFault: ((fault: Fault) => unknown) | undefined,
  ) {
    this.#answers = answers;
    this.#limits = limits;
    this.#onFault = onFault;
  }

  get running(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes a call whose parameters are complete. */
  admit(call: ServerCall, args: unknown[]): void {
    const { maxRunning, maxWaiting } = this.#limits;
    if (this.#running.size < maxRunning && this.#waiting.size === 0)
      this.#run(call, args);
    else if (this.#waiting.size < maxWaiting)
      this.#waiting.push({ call, args });
    else this.#answers.refuse(call, `\`maxWaiting\` (${maxWaiting})`);
  }

  /** Gives up all calls; handlers go on, but their results are not sent. */
  giveUp(): ServerCall[] {
    const calls = [...this.#running];
    this.#running.clear();
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift())
      calls.push(next.call);
    return calls;
  }

  #run(call: ServerCall, args: unknown[]): void {
    this.#running.add(call);
    args.push(call);
    let outcome: unknown;
    try {
      outcome = call.target.handle(args);
    } catch (error) {
      this.#threw(call, error);
      return;
    }
    if (isPromiseLike(outcome))
      outcome.then(
        (value: unknown) => {
          this.#returned(call, value);
        },
        (error: unknown) => {
          this.#threw(call, error);
        },
      );
    else this.#returned(call, outcome);
  }

  #returned(call: ServerCall, value: unknown): void {
    if (call.ended) return;
    const { result } = call.target;
    let bytes: Uint8Array = noResult;
    if (result !== undefined) {
      try {
        bytes = encodeWith(result, value, call.func, "result");
      } catch (error) {
        this.#fault(call, asWrpcError(error, call));
        return;
      }
    }
    this.#answers.count.succeeded++;
    this.#end(call, bytes);
  }

  #threw(call: ServerCall, cause: unknown): void {
    if (call.ended) return;
    this.#fault(
      call,
      fail("WRPC_HANDLER_FAILED", `The handler of \`${call.subject}\` threw.`, {
        cause,
      }),
    );
  }

  #fault(call: ServerCall, error: WrpcError<WrpcErrorCode>): void {
    this.#answers.count.faulted++;
    this.#answers.report("handler-failed", "error", call, error);
    this.#end(call, this.#substitute(call, error));
  }

  #substitute(call: ServerCall, error: WrpcError<WrpcErrorCode>): Uint8Array {
    const { result } = call.target;
    if (this.#onFault === undefined || result === undefined) return noResult;
    try {
      const value = this.#onFault({ error, call });
      return value === undefined
        ? noResult
        : encodeWith(result, value, call.func, "result");
    } catch (cause) {
      this.#answers.report(
        "handler-failed",
        "error",
        call,
        fail(
          "WRPC_HANDLER_FAILED",
          `\`onFault\` for \`${call.subject}\` threw or returned what cannot be sent.`,
          { cause },
        ),
      );
      return noResult;
    }
  }

  #end(call: ServerCall, result: Uint8Array): void {
    this.#running.delete(call);
    this.#answers.end(call, result);
    this.#pump();
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
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}
