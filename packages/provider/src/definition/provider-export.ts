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
   * A result to send when a handler throws; without any the calling component traps. Default, for
   * an interface of which every function returns `result<_, string>`: an error value that points
   * to the log, where the cause is.
   */
  readonly onFault?: (fault: Fault) => unknown;
}

/** Serves an export in the queue group that all copies of the provider share. */
export function serveExport(
  connection: NatsConnection,
  prefix: string,
  provided: ProviderExport,
): Promise<Served> {
  const onFault = defaultOnFault(provided.interface);
  // The list of exports has many types; `implement` has checked each.
  return serve(connection, {
    ...(onFault === undefined ? {} : { onFault }),
    ...provided,
    prefix,
  } as ServeOptions<Funcs>);
}

/** The error itself stays here: its message may tell a component what it should not know. */
function defaultOnFault({ funcs }: Interface): ProviderExport["onFault"] {
  const allTakeText = Object.values(funcs).every(
    ({ result }) =>
      result?.kind === "result" && result.parts[1]?.kind === "string",
  );
  return allTakeText
    ? () => ({ tag: "err", val: "The provider failed; its log says why." })
    : undefined;
}
