import type { Msg, MsgHdrs } from "@nats-io/nats-core";

import type { Codec } from "../values/codec/codec.js";
import type { Call } from "./options.js";

/** A function as a server serves it. */
export interface ServedFunc {
  readonly subject: string;
  readonly instance: string;
  readonly func: string;
  readonly params: Codec;
  readonly result: Codec | undefined;
  /** Takes the parameters and the call. */
  readonly handle: (args: unknown[]) => unknown;
}

/** One call to us, from the invocation to the end of its result. */
export class ServerCall implements Call {
  readonly target: ServedFunc;
  /** Where the result goes. */
  readonly reply: string;
  /** Parameter bytes that count against the limit. */
  heldBytes = 0;
  /** The result, or its absence, has been told. */
  ended = false;
  readonly #message: Msg;
  #controller: AbortController | undefined;

  constructor(target: ServedFunc, message: Msg, reply: string) {
    this.target = target;
    this.#message = message;
    this.reply = reply;
  }

  get headers(): MsgHdrs | undefined {
    return this.#message.headers;
  }

  get subject(): string {
    return this.target.subject;
  }

  get instance(): string {
    return this.target.instance;
  }

  get func(): string {
    return this.target.func;
  }

  // Made when asked for: most handlers never look.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.ended) this.#controller.abort();
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller?.abort();
  }
}
