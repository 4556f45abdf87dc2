import type { NatsConnection, Subscription } from "@nats-io/nats-core";

import { fail } from "../errors/wrpc-errors.js";
import { publishError } from "../events/wrpc-events.js";
import { inboxOf } from "../inbox/inbox.js";
import { checkSubjectPart, invocationSubject } from "../interface/names.js";
import { wireName, type Funcs } from "../interface/wrpc-interface.js";
import { codecOf, paramsCodecOf } from "../values/codec/compile.js";
import {
  resolveServerLimits,
  type Served,
  type ServeOptions,
} from "./options.js";
import type { ServedFunc } from "./server-call.js";
import { Server } from "./server.js";

/**
 * Serves one interface: a queue subscription for each of its functions. Resolves when the NATS
 * server has confirmed them.
 *
 * @throws WrpcError `WRPC_OPTION_INVALID`, `WRPC_TYPE_UNSUPPORTED`, `WRPC_CONNECTION_CLOSED`,
 *   `WRPC_NOT_PERMITTED`
 */
export async function serve<F extends Funcs>(
  connection: NatsConnection,
  options: ServeOptions<F>,
): Promise<Served> {
  const { prefix } = options;
  const queue = options.queue ?? prefix;
  if (prefix !== "")
    checkSubjectPart(`Prefix \`${prefix}\``, prefix, "WRPC_OPTION_INVALID");
  checkSubjectPart(`Queue group \`${queue}\``, queue, "WRPC_OPTION_INVALID");
  const targets = targetsOf(options);
  const limits = resolveServerLimits(options.limits);
  const { problem } = inboxOf(connection);
  if (problem !== undefined) throw problem;

  const server = new Server(connection, limits, options.onFault);
  let refusal: Error | undefined;
  const subscriptions = targets.map((target) =>
    connection.subscribe(target.subject, {
      queue,
      callback: (cause, message) => {
        if (cause === null) {
          server.onInvocation(target, message);
          return;
        }
        const error = fail(
          "WRPC_NOT_PERMITTED",
          `The NATS server refused to subscribe to \`${target.subject}\` in queue group \`${queue}\`.`,
          { cause },
        );
        refusal ??= error;
        publishError("subscription-lost", "error", error, target);
      },
    }),
  );
  const served = new Serving(connection, server, subscriptions);
  try {
    // A refusal comes before the answer to the flush.
    await connection.flush();
  } catch (cause) {
    refusal ??= fail(
      "WRPC_CONNECTION_CLOSED",
      "The NATS connection was lost before it confirmed the subscriptions.",
      { cause },
    );
  }
  if (refusal !== undefined) {
    await served.close();
    throw refusal;
  }
  return served;
}

const closeMs = 1000;

class Serving implements Served {
  readonly #connection: NatsConnection;
  readonly #server: Server;
  readonly #subscriptions: readonly Subscription[];

  constructor(
    connection: NatsConnection,
    server: Server,
    subscriptions: readonly Subscription[],
  ) {
    this.#connection = connection;
    this.#server = server;
    this.#subscriptions = subscriptions;
    void connection.closed().then(() => {
      server.end();
    });
  }

  get stats(): Served["stats"] {
    return this.#server.stats;
  }

  async drain(deadlineMs: number): Promise<{ readonly unfinished: number }> {
    await within(deadlineMs, this.#finishCalls());
    const unfinished = this.#end();
    await this.#flush();
    return { unfinished };
  }

  async #finishCalls(): Promise<void> {
    // What the NATS server had on its way to us before it saw the end still counts as taken.
    await Promise.allSettled(
      this.#subscriptions
        .filter((subscription) => !subscription.isClosed())
        .map((subscription) => subscription.drain()),
    );
    await this.#server.idle();
  }

  async close(): Promise<void> {
    this.#end();
    await this.#flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #end(): number {
    for (const subscription of this.#subscriptions)
      if (!subscription.isClosed()) subscription.unsubscribe();
    return this.#server.end();
  }

  // Results are in a buffer until then. A connection that is down would let us wait for ever.
  async #flush(): Promise<void> {
    if (this.#connection.isClosed()) return;
    await within(closeMs, this.#connection.flush());
  }
}

function targetsOf<F extends Funcs>(options: ServeOptions<F>): ServedFunc[] {
  const { prefix, handlers } = options;
  const { instance, funcs } = options.interface;
  return Object.entries(funcs).map(([key, value]) => {
    const handler: unknown = handlers[key];
    if (typeof handler !== "function")
      throw fail(
        "WRPC_OPTION_INVALID",
        `There is no handler \`${key}\` for interface \`${instance}\`.`,
      );
    const func = wireName(key, value);
    return {
      subject: invocationSubject(prefix, instance, func),
      instance,
      func,
      params: paramsCodecOf(value.params),
      result: value.result === undefined ? undefined : codecOf(value.result),
      handle: (args) => Reflect.apply(handler, handlers, args) as unknown,
    };
  });
}

/** Waits for a promise to settle, but not longer than that. */
async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise.catch(() => undefined), deadline]);
  clearTimeout(timer);
}
