import { fail } from "../errors/wrpc-errors.js";
import type { AnyType, ValueOf } from "../values/type.js";
import { checkSubjectPart, kebabCase } from "./names.js";

/** A function: types of its parameters and of its result. */
export interface Func<
  P extends readonly AnyType[] = readonly AnyType[],
  R extends AnyType | undefined = AnyType | undefined,
> {
  readonly params: P;
  /** `undefined`: the function returns nothing. */
  readonly result: R;
  /** Name on the wire; by default made of the property name. */
  readonly name: string | undefined;
}

/** JavaScript types of the parameters. */
export type ParamsOf<F> =
  F extends Func<infer P> ? { -readonly [I in keyof P]: ValueOf<P[I]> } : never;

/** JavaScript type of the result. */
export type ResultOf<F> =
  F extends Func<readonly AnyType[], infer R>
    ? R extends AnyType
      ? ValueOf<R>
      : undefined
    : never;

/** Functions by their JavaScript names. */
export type Funcs = Readonly<Record<string, Func>>;

/** A WIT interface: its functions and the name under which they are called. */
export interface Interface<F extends Funcs = Funcs> {
  /** `namespace:package/interface@version`; empty for functions of the world root. */
  readonly instance: string;
  readonly funcs: F;
}

/**
 * Describes a function.
 *
 * @param options.name the name on the wire where it is not the kebab form of the property name,
 *   e.g. `bucket.get` for the resource method `[method]bucket.get`
 */
export function func<
  const P extends readonly AnyType[],
  R extends AnyType | undefined = undefined,
>(params: P, result?: R, options?: { readonly name?: string }): Func<P, R> {
  return { params, result: result as R, name: options?.name };
}

/**
 * Describes an interface. Property names are camelCase here and kebab-case on the wire.
 *
 * @example
 * const handler = wrpcInterface("wasmcloud:messaging/handler@0.2.0", {
 *   handleMessage: func([brokerMessage], result(undefined, string)),
 * });
 * @throws WrpcError `WRPC_INTERFACE_INVALID`
 */
export function wrpcInterface<const F extends Funcs>(
  instance: string,
  funcs: F,
): Interface<F> {
  if (instance !== "")
    checkSubjectPart(
      `Interface name \`${instance}\``,
      instance,
      "WRPC_INTERFACE_INVALID",
    );
  const names = new Set<string>();
  for (const [key, value] of Object.entries<Func>(funcs)) {
    const name = wireName(key, value);
    checkSubjectPart(
      `Function name \`${name}\``,
      name,
      "WRPC_INTERFACE_INVALID",
    );
    // A client is an object with these properties; with this one it would pass for a promise.
    if (key === "then")
      throw fail(
        "WRPC_INTERFACE_INVALID",
        "A function cannot have the property name `then`.",
        { next: 'Use another property name and give `{ name: "then" }`.' },
      );
    if (names.has(name))
      throw fail(
        "WRPC_INTERFACE_INVALID",
        `Two functions have the name \`${name}\` on the wire.`,
      );
    names.add(name);
  }
  return { instance, funcs };
}

/** Name of a function on the wire. */
export function wireName(key: string, value: Func): string {
  return value.name ?? kebabCase(key);
}
