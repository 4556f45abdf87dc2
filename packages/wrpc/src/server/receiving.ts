import type { Msg } from "@nats-io/nats-core";

import type { WrpcError } from "../errors/wrpc-error.js";
import type { WrpcErrorCode } from "../errors/wrpc-errors.js";
import type { InboxEntry, Part } from "../inbox/inbox.js";
import type { Decoding } from "../values/decode.js";
import type { ServerCall } from "./server-call.js";

/** What a server does with a call whose parameters come in several messages. */
export interface Receiver {
  onParams(receiving: Receiving, chunk: Uint8Array): void;
  onParamsTimeout(receiving: Receiving): void;
  onParamsLost(receiving: Receiving): void;
}

/** A call whose parameters are still coming. */
export class Receiving implements InboxEntry {
  inbox = "";
  slot = 0;
  readonly deadline: number;
  readonly awaits = undefined;
  readonly call: ServerCall;
  readonly decoding: Decoding;
  readonly #receiver: Receiver;

  constructor(
    receiver: Receiver,
    call: ServerCall,
    decoding: Decoding,
    deadline: number,
  ) {
    this.#receiver = receiver;
    this.call = call;
    this.decoding = decoding;
    this.deadline = deadline;
  }

  onMessage(part: Part, message: Msg): boolean {
    if (part !== "params") return false;
    this.#receiver.onParams(this, message.data);
    return true;
  }

  onDeadline(): void {
    this.#receiver.onParamsTimeout(this);
  }

  onLost(_error: WrpcError<WrpcErrorCode>): void {
    this.#receiver.onParamsLost(this);
  }
}
