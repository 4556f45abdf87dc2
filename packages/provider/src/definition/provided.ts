import type { NatsConnection } from "@nats-io/nats-core";

import {
  serve,
  type Funcs,
  type Handlers,
  type Interface,
  type Served,
  type ServeOptions,
} from "@keyturn/wrpc";

/** An interface that a provider exports, with its handlers. Made by {@link provide}. */
export interface Provided {
  /** `namespace:package/interface@version` */
  readonly instance: string;
  /** Starts to serve it; the SDK calls this once links have been tried. */
  serve(connection: NatsConnection, prefix: string): Promise<Served>;
}

/**
 * An entry of a provider's `exports`.
 *
 * Each handler takes the function's parameters and then the call, whose caller is told by
 * `callerOf`. A handler that throws makes the calling component trap, unless `onFault` gives a
 * result to send instead.
 *
 * @example
 * provide(counter, { increment: (key, call) => ({ tag: "ok", val: 1n }) })
 */
export function provide<F extends Funcs>(
  iface: Interface<F>,
  handlers: Handlers<F>,
  options: Pick<ServeOptions<F>, "limits" | "onFault"> = {},
): Provided {
  return {
    instance: iface.instance,
    serve: (connection, prefix) =>
      serve(connection, { ...options, prefix, interface: iface, handlers }),
  };
}
