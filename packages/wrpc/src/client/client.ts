import type { NatsConnection } from "@nats-io/nats-core";

import { fail } from "../errors/wrpc-errors.js";
import { checkSubjectPart, invocationSubject } from "../interface/names.js";
import { wireName, type Funcs } from "../interface/wrpc-interface.js";
import { codecOf, paramsCodecOf } from "../values/codec/compile.js";
import { resolveValueLimits, wholeNumber } from "../values/limits.js";
import { headerBlock } from "../wire/headers.js";
import { Caller } from "./caller.js";
import {
  defaultCallMs,
  defaultHandshakeMs,
  defaultMaxOutstanding,
  type CallOptions,
  type Client,
  type ClientOptions,
  type ClientStats,
} from "./options.js";

const callers = new WeakMap<object, Caller>();

/**
 * A typed client of one interface of one callee. It holds nothing of its own: all clients of a
 * connection share one inbox subscription and one timer, which end with the connection.
 *
 * Calls reject with a `WrpcError`; see `wrpcErrors` for its codes.
 *
 * @throws WrpcError `WRPC_OPTION_INVALID`, `WRPC_HEADER_INVALID`, `WRPC_TYPE_UNSUPPORTED`,
 *   `WRPC_CONNECTION_CLOSED`
 */
export function client<F extends Funcs>(
  connection: NatsConnection,
  options: ClientOptions<F>,
): Client<F> {
  const { prefix, limits, deadlines } = options;
  const { instance, funcs } = options.interface;
  if (prefix !== "")
    checkSubjectPart(`Prefix \`${prefix}\``, prefix, "WRPC_OPTION_INVALID");
  if (connection.isClosed())
    throw fail("WRPC_CONNECTION_CLOSED", "The NATS connection is closed.");

  const caller = new Caller(
    connection,
    headerBlock(undefined, options.headers),
    {
      ...resolveValueLimits(limits),
      maxOutstanding: wholeNumber(
        "maxOutstanding",
        limits?.maxOutstanding,
        defaultMaxOutstanding,
      ),
      handshakeMs: wholeNumber(
        "handshakeMs",
        deadlines?.handshakeMs,
        defaultHandshakeMs,
      ),
      callMs: wholeNumber("callMs", deadlines?.callMs, defaultCallMs),
    },
  );

  const methods: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(funcs)) {
    const arity = value.params.length;
    const name = wireName(key, value);
    const target = {
      subject: invocationSubject(prefix, instance, name),
      name,
      params: paramsCodecOf(value.params),
      result: value.result === undefined ? undefined : codecOf(value.result),
    };
    methods[key] = (...args: unknown[]) => {
      let callOptions: CallOptions | undefined;
      if (args.length === arity + 1)
        callOptions = args.pop() as CallOptions | undefined;
      return caller.call(target, args, callOptions);
    };
  }
  callers.set(methods, caller);
  return Object.freeze(methods) as Client<F>;
}

/** Counters of a client. */
export function clientStats(of: object): ClientStats {
  const caller = callers.get(of);
  if (caller === undefined)
    throw fail("WRPC_OPTION_INVALID", "This is not a client.");
  return caller.stats;
}
