import type { Msg } from "@nats-io/nats-core";

import { fail } from "../errors/wrpc-errors.js";
import type { Inbox } from "../inbox/inbox.js";
import { isUsableReply } from "../interface/names.js";
import { Decoding } from "../values/decode.js";
import { asWrpcError, noResult, type Answers } from "./answers.js";
import type { ResolvedServerLimits } from "./options.js";
import { Receiving, type Receiver } from "./receiving.js";
import { ServerCall, type ServedFunc } from "./server-call.js";

/** Accepts calls and puts their parameters together, each call for itself. */
export class Intake implements Receiver {
  readonly #answers: Answers;
  readonly #inbox: Inbox;
  readonly #limits: ResolvedServerLimits;
  readonly #onComplete: (call: ServerCall, args: unknown[]) => void;
  readonly #receiving = new Set<Receiving>();

  /** @param onComplete takes calls whose parameters are complete */
  constructor(
    answers: Answers,
    inbox: Inbox,
    limits: ResolvedServerLimits,
    onComplete: (call: ServerCall, args: unknown[]) => void,
  ) {
    this.#answers = answers;
    this.#inbox = inbox;
    this.#limits = limits;
    this.#onComplete = onComplete;
  }

  /** Calls whose parameters are still coming. */
  get size(): number {
    return this.#receiving.size;
  }

  onInvocation(target: ServedFunc, message: Msg): void {
    const answers = this.#answers;
    answers.count.received++;
    const reply = message.reply ?? "";
    if (!isUsableReply(reply)) {
      this.#unusable(target, reply);
      return;
    }
    const call = new ServerCall(target, message, reply);
    const decoding = new Decoding(target.params, target.func, "params");
    let complete: boolean;
    try {
      complete = decoding.start(message.data, this.#limits);
    } catch (error) {
      this.#acceptWhole(call);
      this.#invalid(call, error);
      return;
    }
    if (!complete) this.#receive(call, decoding);
    else {
      this.#acceptWhole(call);
      if (answers.hold(call, message.data.length))
        this.#onComplete(call, decoding.value as unknown[]);
    }
  }

  /** Gives up all calls whose parameters are still coming. */
  giveUp(): ServerCall[] {
    return Array.from(this.#receiving, (receiving) => {
      this.#stop(receiving);
      return receiving.call;
    });
  }

  onParams(receiving: Receiving, chunk: Uint8Array): void {
    const { call, decoding } = receiving;
    if (chunk.length === 0) {
      this.#stop(receiving);
      this.#invalid(
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
      this.#stop(receiving);
      this.#invalid(call, error);
      return;
    }
    if (!this.#answers.hold(call, chunk.length)) this.#stop(receiving);
    else if (complete) {
      this.#stop(receiving);
      this.#onComplete(call, decoding.value as unknown[]);
    }
  }

  onParamsTimeout(receiving: Receiving): void {
    const { call, decoding } = receiving;
    this.#stop(receiving);
    this.#answers.count.timedOut++;
    this.#answers.report(
      "params-timeout",
      "warn",
      call,
      fail(
        "WRPC_PARAMS_TIMEOUT",
        `The parameters of a call to \`${call.subject}\` did not come within ${this.#limits.paramsMs} ms; ${decoding.received} bytes had come.`,
      ),
    );
    this.#answers.end(call, noResult);
  }

  onParamsLost(receiving: Receiving): void {
    this.#stop(receiving);
    this.#answers.count.unfinished++;
    this.#answers.end(receiving.call, noResult);
  }

  #receive(call: ServerCall, decoding: Decoding): void {
    const { maxReceiving, paramsMs } = this.#limits;
    if (this.#receiving.size >= maxReceiving) {
      this.#acceptWhole(call);
      this.#answers.refuse(call, `\`maxReceiving\` (${maxReceiving})`);
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
    this.#answers.accept(call, receiving.inbox);
    if (!this.#answers.hold(call, decoding.received)) this.#stop(receiving);
  }

  // Nothing more is wanted from the caller; its end of the parameters goes nowhere.
  #acceptWhole(call: ServerCall): void {
    this.#answers.accept(call, this.#inbox.nowhere);
  }

  #stop(receiving: Receiving): void {
    this.#receiving.delete(receiving);
    this.#inbox.remove(receiving);
  }

  #invalid(call: ServerCall, cause: unknown): void {
    this.#answers.count.invalid++;
    this.#answers.report(
      "params-invalid",
      "warn",
      call,
      asWrpcError(cause, call),
    );
    this.#answers.end(call, noResult);
  }

  #unusable(target: ServedFunc, reply: string): void {
    this.#answers.count.unusable++;
    this.#answers.report(
      "invocation-unusable",
      "warn",
      target,
      fail(
        "WRPC_PROTOCOL_FAULT",
        `An invocation of \`${target.subject}\` has ${reply === "" ? "no" : "too long a"} reply subject.`,
      ),
    );
  }
}
