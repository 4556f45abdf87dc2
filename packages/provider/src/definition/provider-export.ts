import type { NatsConnection } from "@nats-io/nats-core";

import {
  serve,
  type Fault,
  type Funcs,
  type Interface,
  type Served,
  type ServeOptions,
  type ServerLimits,
} from "@keyturn/wrpc";

/**
 * An interface that a provider exports, made with `implement` of `@keyturn/wrpc`, which checks the
 * handlers' types.
 *
 * @example
 * [implement(counter, { increment: (key, call) => ({ tag: "ok", val: 1n }) })]
 */
export interface ProviderExport {
  readonly interface: Interface;
  readonly handlers: Readonly<Record<string, (...args: never) => unknown>>;
  readonly limits?: ServerLimits;
  /**
   * A result to send when a handler throws. Without it the calling component traps, as it gets no
   * result at all.
   */
  readonly onFault?: (fault: Fault) => unknown;
}

/** Serves an export in the queue group that all copies of the provider share. */
export function serveExport(
  connection: NatsConnection,
  prefix: string,
  provided: ProviderExport,
): Promise<Served> {
  // The list of exports has many types; `implement` has checked each.
  return serve(connection, { ...provided, prefix } as ServeOptions<Funcs>);
}
