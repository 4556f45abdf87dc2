import type {
  Funcs,
  Interface,
  ParamsOf,
  ResultOf,
} from "../interface/wrpc-interface.js";
import type { ValueLimits } from "../values/limits.js";
import type { HeaderValues } from "../wire/headers.js";

/** Default of {@link ClientDeadlines.handshakeMs}: 10 s. */
export const defaultHandshakeMs: number = 10_000;

/** Default of {@link ClientDeadlines.callMs}: 600 s, as wasmCloud limits a component's run. */
export const defaultCallMs: number = 600_000;

/** Default of {@link ClientLimits.maxOutstanding}. */
export const defaultMaxOutstanding: number = 16_384;

/** How long a client waits, in milliseconds. Deadlines pass up to 50 ms late. */
export interface ClientDeadlines {
  /**
   * For the callee to accept a call. A busy callee may accept late, so do not make it short. The
   * call may still run after it.
   */
  readonly handshakeMs?: number;
  /** For the whole call, from the invocation to the last byte of the result. */
  readonly callMs?: number;
}

/** Bounds of a client. `maxBytes` and `maxElements` hold for each result. */
export interface ClientLimits extends ValueLimits {
  /** Most calls under way at a time; more fail with `WRPC_OVERLOADED`. */
  readonly maxOutstanding?: number;
}

export interface ClientOptions<F extends Funcs> {
  /** `{lattice}.{id}` of the callee in wasmCloud. */
  readonly prefix: string;
  readonly interface: Interface<F>;
  /** Sent with each call. */
  readonly headers?: HeaderValues;
  readonly limits?: ClientLimits;
  readonly deadlines?: ClientDeadlines;
}

/** What a single call may have of its own. */
export interface CallOptions {
  /** Added to the client's headers, e.g. `traceparent`. */
  readonly headers?: HeaderValues;
  /**
   * Ends the wait, with `WRPC_CALL_ABORTED`. There is no way to tell the callee.
   */
  readonly signal?: AbortSignal;
  /** Instead of `deadlines.callMs`, and of `deadlines.handshakeMs` if shorter. */
  readonly deadlineMs?: number;
}

/** A function for each function of the interface. */
export type Client<F extends Funcs> = {
  readonly [K in keyof F]: (
    ...args: [...params: ParamsOf<F[K]>, options?: CallOptions]
  ) => Promise<ResultOf<F[K]>>;
};

/** Counters of a client since it was made. */
export interface ClientStats {
  /** Calls sent. */
  readonly sent: number;
  /** Calls with a result. */
  readonly succeeded: number;
  /** Calls that failed after they were sent. */
  readonly failed: number;
  /** Calls that were not sent: overloaded, not connected, or refused by the encoder. */
  readonly notSent: number;
  /** Parameters that could not be completed because the connection was gone. */
  readonly unsent: number;
  /** Calls under way. */
  readonly outstanding: number;
  /** Calls given up whose parameters will still be completed when the callee asks for them. */
  readonly abandoned: number;
}
