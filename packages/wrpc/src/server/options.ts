import type { MsgHdrs } from "@nats-io/nats-core";

import type { WrpcError } from "../errors/wrpc-error.js";
import type { WrpcErrorCode } from "../errors/wrpc-errors.js";
import type {
  Func,
  Funcs,
  Interface,
  ResultOf,
} from "../interface/wrpc-interface.js";
import {
  resolveValueLimits,
  wholeNumber,
  type ResolvedValueLimits,
  type ValueLimits,
} from "../values/limits.js";
import type { AnyType, ValueOf } from "../values/type.js";

/** Default of {@link ServerLimits.maxRunning}. */
export const defaultMaxRunning: number = 256;
/** Default of {@link ServerLimits.maxWaiting}. */
export const defaultMaxWaiting: number = 1024;
/** Default of {@link ServerLimits.maxReceiving}. */
export const defaultMaxReceiving: number = 1024;
/** Default of {@link ServerLimits.maxHeldBytes}: 256 MiB. */
export const defaultMaxHeldBytes: number = 256 * 1024 * 1024;
/** Default of {@link ServerLimits.paramsMs}: 10 s. */
export const defaultParamsMs: number = 10_000;

/**
 * Bounds of a server. `maxBytes` and `maxElements` hold for the parameters of each call. A call
 * over a bound is accepted, its parameters are taken off the caller, and it ends without a result.
 */
export interface ServerLimits extends ValueLimits {
  /** Most handlers running at a time. */
  readonly maxRunning?: number;
  /** Most calls with complete parameters that wait for a handler to become free. */
  readonly maxWaiting?: number;
  /** Most calls whose parameters are still coming. */
  readonly maxReceiving?: number;
  /** Most parameter bytes of all calls together: coming, waiting or being handled. */
  readonly maxHeldBytes?: number;
  /** How long parameters may take to come, in milliseconds; passes up to 50 ms late. */
  readonly paramsMs?: number;
}

/** Limits with every field present. */
export type ResolvedServerLimits = Required<ServerLimits> & ResolvedValueLimits;

/** @throws WrpcError `WRPC_OPTION_INVALID` */
export function resolveServerLimits(
  limits: ServerLimits | undefined,
): ResolvedServerLimits {
  return {
    ...resolveValueLimits(limits),
    maxRunning: wholeNumber(
      "maxRunning",
      limits?.maxRunning,
      defaultMaxRunning,
    ),
    maxWaiting: wholeNumber(
      "maxWaiting",
      limits?.maxWaiting,
      defaultMaxWaiting,
    ),
    maxReceiving: wholeNumber(
      "maxReceiving",
      limits?.maxReceiving,
      defaultMaxReceiving,
    ),
    maxHeldBytes: wholeNumber(
      "maxHeldBytes",
      limits?.maxHeldBytes,
      defaultMaxHeldBytes,
    ),
    paramsMs: wholeNumber("paramsMs", limits?.paramsMs, defaultParamsMs),
  };
}

/** What a handler learns about its call, as its last argument. */
export interface Call {
  /** Headers of the invocation as they came; anybody who may call can write them. */
  readonly headers: MsgHdrs | undefined;
  /** Subject of the invocation. */
  readonly subject: string;
  /** Interface, e.g. `wasmcloud:messaging/handler@0.2.0`. */
  readonly instance: string;
  /** Function as it is called on the wire, e.g. `handle-message`. */
  readonly func: string;
  /** Fires when the server stops before the handler is done; nobody waits for its result then. */
  readonly signal: AbortSignal;
}

/** A handler for each function of an interface. Its `this` is the object that holds it. */
export type Handlers<F extends Funcs> = {
  readonly [K in keyof F]: Handler<F[K]>;
};

/** A handler of one function: takes its parameters and the {@link Call}. */
// A conditional type, because TypeScript then knows the result that `implement` wants before it
// looks into a handler; else it would widen tags to `string`.
export type Handler<F> =
  F extends Func<infer P, infer R>
    ? (
        ...args: [
          ...params: { -readonly [I in keyof P]: ValueOf<P[I]> },
          call: Call,
        ]
      ) => HandlerResult<R> | Promise<HandlerResult<R>>
    : never;

type HandlerResult<R> = R extends AnyType ? ValueOf<R> : void;

/** A call whose handler threw, or returned what does not fit the result type. */
export interface Fault {
  readonly error: WrpcError<WrpcErrorCode>;
  readonly call: Call;
}

/** An interface together with the handlers of its functions. */
export interface Implementation<F extends Funcs> {
  readonly interface: Interface<F>;
  readonly handlers: Handlers<F>;
}

/**
 * Puts an interface and its handlers together, for {@link ServeOptions} or a list of several.
 * TypeScript infers what handlers return from the interface only here, where that comes first; in
 * plain options a handler without parameters needs `as const` for the tags that it returns.
 *
 * @example
 * await serve(connection, { prefix, ...implement(handler, { handleMessage: () => ({ tag: "ok" }) }) });
 */
export function implement<F extends Funcs>(
  of: Interface<F>,
  handlers: Handlers<NoInfer<F>>,
): Implementation<F> {
  return { interface: of, handlers };
}

export interface ServeOptions<F extends Funcs> {
  /** `{lattice}.{id}` of this server in wasmCloud. */
  readonly prefix: string;
  readonly interface: Interface<F>;
  readonly handlers: Handlers<NoInfer<F>>;
  /** Queue group; the prefix by default. Members of a queue group share the calls. */
  readonly queue?: string;
  readonly limits?: ServerLimits;
  /**
   * A result to send in place of the missing one. Without it, or if it returns `undefined` or
   * throws, the caller learns only that there is no result.
   */
  readonly onFault?: (
    fault: Fault,
  ) => { [K in keyof F]: ResultOf<F[K]> }[keyof F] | undefined;
}

/** Counters of a server since it was made. */
export interface ServerStats {
  /** Invocations received. */
  readonly received: number;
  /** Calls ended with a result. */
  readonly succeeded: number;
  /** Calls whose handler threw or returned what does not fit. */
  readonly faulted: number;
  /** Calls ended because their parameters do not decode or are too large. */
  readonly invalid: number;
  /** Calls ended because their parameters did not come in time. */
  readonly timedOut: number;
  /** Calls ended because a limit was reached. */
  readonly refused: number;
  /** Invocations dropped because nobody could be answered. */
  readonly unusable: number;
  /** Calls ended by `close`, or by the deadline of `drain`. */
  readonly unfinished: number;
  /** Results that could not be sent because the connection was gone. */
  readonly unsent: number;
  /** Calls whose parameters are still coming. */
  readonly receiving: number;
  /** Calls that wait for a handler to become free. */
  readonly waiting: number;
  /** Calls being handled. */
  readonly running: number;
  /** Parameter bytes of all these. */
  readonly heldBytes: number;
}

/** A running server of one interface. */
export interface Served extends AsyncDisposable {
  readonly stats: ServerStats;
  /**
   * Takes no more calls and waits for those taken, at most `deadlineMs`; then as `close`.
   *
   * @returns how many calls were ended unserved
   */
  drain(deadlineMs: number): Promise<{ readonly unfinished: number }>;
  /** Takes no more calls and ends those taken without a result. Idempotent. */
  close(): Promise<void>;
}
