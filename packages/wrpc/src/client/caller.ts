import type { NatsConnection } from "@nats-io/nats-core";

import { fail } from "../errors/wrpc-errors.js";
import { inboxOf, type Inbox } from "../inbox/inbox.js";
import { encodeWith } from "../values/encode.js";
import type { ResolvedValueLimits } from "../values/limits.js";
import {
  firstChunkBytes,
  maxPayload,
  publishStream,
  type FinalOptions,
} from "../wire/chunks.js";
import { headerBlock, type HeaderBlock } from "../wire/headers.js";
import { ClientCall, type CallOwner, type ClientFunc } from "./client-call.js";
import type { CallOptions, ClientStats } from "./options.js";

export interface CallerSettings extends ResolvedValueLimits {
  readonly maxOutstanding: number;
  readonly handshakeMs: number;
  readonly callMs: number;
}

// What calls given up before the handshake may hold together; the bound is rarely met, because
// most parameters fit into the invocation and nothing is left of them.
const lingerBytes = 64 * 1024 * 1024;
const bytesPerLingering = 1024;

const nothing = new Uint8Array(0);

/** The calls of one client. */
export class Caller implements CallOwner {
  readonly limits: CallerSettings;
  readonly #connection: NatsConnection;
  readonly #inbox: Inbox;
  readonly #headers: HeaderBlock | undefined;
  #lingering: Map<ClientCall, number> | undefined;
  #lingeringBytes = 0;
  #sent = 0;
  #succeeded = 0;
  #failed = 0;
  #notSent = 0;
  #unsent = 0;
  #outstanding = 0;

  constructor(
    connection: NatsConnection,
    headers: HeaderBlock | undefined,
    settings: CallerSettings,
  ) {
    this.#connection = connection;
    this.#inbox = inboxOf(connection);
    this.#headers = headers;
    this.limits = settings;
    this.#inbox.listen();
  }

  get lingerMs(): number {
    return this.limits.callMs;
  }

  get stats(): ClientStats {
    return {
      sent: this.#sent,
      succeeded: this.#succeeded,
      failed: this.#failed,
      notSent: this.#notSent,
      unsent: this.#unsent,
      outstanding: this.#outstanding,
      abandoned: this.#lingering?.size ?? 0,
    };
  }

  /** Sends a call. The promise rejects with a WrpcError. */
  call(
    func: ClientFunc,
    params: readonly unknown[],
    options: CallOptions | undefined,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      try {
        this.#send(func, params, options, resolve, reject);
      } catch (error) {
        this.#notSent++;
        reject(error as Error);
      }
    });
  }

  #send(
    func: ClientFunc,
    params: readonly unknown[],
    options: CallOptions | undefined,
    resolve: (value: unknown) => void,
    reject: (error: Error) => void,
  ): void {
    const { limits } = this;
    const bytes = encodeWith(func.params, params, func.name, "params");
    const headers = headerBlock(this.#headers, options?.headers);
    const signal = options?.signal;
    if (signal?.aborted === true)
      throw fail(
        "WRPC_CALL_ABORTED",
        `The call to \`${func.subject}\` was aborted before it was sent.`,
        { cause: signal.reason },
      );
    const { problem } = this.#inbox;
    if (problem !== undefined) throw problem;
    if (this.#outstanding >= limits.maxOutstanding)
      throw fail(
        "WRPC_OVERLOADED",
        `${this.#outstanding} calls are outstanding, as many as \`maxOutstanding\` allows.`,
      );

    const max = maxPayload(this.#connection);
    const headerBytes = headers?.size ?? 0;
    if (headerBytes > max)
      throw fail(
        "WRPC_HEADER_INVALID",
        `The headers take ${headerBytes} bytes, more than the server's \`max_payload\` (${max}).`,
      );
    const first = firstChunkBytes(max, this.#inbox.subjectBytes, headerBytes);
    const whole = bytes.length <= first;
    const now = performance.now();
    const callMs = durationOf(options?.deadlineMs) ?? limits.callMs;

    const call = new ClientCall(this, func, resolve, reject);
    this.#inbox.add(call);
    try {
      const final: FinalOptions = { reply: call.inbox, payloadIsFinal: true };
      if (headers !== undefined) final.headers = headers.asMsgHdrs();
      this.#connection.publish(
        func.subject,
        whole ? bytes : bytes.subarray(0, first),
        final,
      );
    } catch (error) {
      this.#inbox.remove(call);
      throw this.#publishError(func, error);
    }
    this.#sent++;
    this.#outstanding++;
    call.begin(
      whole ? nothing : bytes.subarray(first),
      now + Math.min(limits.handshakeMs, callMs),
      now + callMs,
      signal,
    );
  }

  #publishError(func: ClientFunc, cause: unknown): unknown {
    return (
      this.#inbox.problem ??
      fail(
        "WRPC_NOT_CONNECTED",
        `The call to \`${func.subject}\` could not be handed to the NATS connection.`,
        { cause },
      )
    );
  }

  /** Publishes parameters and their end. Where that fails, a deadline or the loss ends the call. */
  publish(subject: string, bytes: Uint8Array): void {
    try {
      publishStream(this.#connection, subject, bytes);
    } catch {
      this.#unsent++;
    }
  }

  /** A call has been answered, one way or the other. */
  settled(success: boolean): void {
    this.#outstanding--;
    if (success) this.#succeeded++;
    else this.#failed++;
  }

  /** Keeps a call that is over for the caller, but whose parameters may be asked for. */
  linger(call: ClientCall): void {
    const bytes = call.restBytes + bytesPerLingering;
    if (this.#lingeringBytes + bytes > lingerBytes) {
      this.#inbox.remove(call);
      return;
    }
    this.#lingering ??= new Map();
    this.#lingering.set(call, bytes);
    this.#lingeringBytes += bytes;
  }

  /** Forgets a call. */
  drop(call: ClientCall): void {
    this.#inbox.remove(call);
    const bytes = this.#lingering?.get(call);
    if (bytes === undefined) return;
    this.#lingering?.delete(call);
    this.#lingeringBytes -= bytes;
  }
}

function durationOf(value: number | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!(value > 0))
    throw fail(
      "WRPC_OPTION_INVALID",
      "Option `deadlineMs` must be a number of milliseconds above 0.",
    );
  return value;
}
