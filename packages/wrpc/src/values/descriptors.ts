import { fail } from "../errors/wrpc-errors.js";
import type {
  AnyType,
  Kind,
  RecordValue,
  Result,
  Tagged,
  Type,
  ValueOf,
} from "./type.js";

function describe<T, K extends Kind>(
  kind: K,
  parts: readonly (AnyType | undefined)[] = [],
  names: readonly string[] = [],
): Type<T, K> {
  return Object.freeze({
    kind,
    parts: Object.freeze([...parts]),
    names: Object.freeze([...names]),
  });
}

/** `bool` */
export const bool: Type<boolean, "bool"> = describe("bool");
/** `u8`, a whole number */
export const u8: Type<number, "u8"> = describe("u8");
/** `u16`, a whole number */
export const u16: Type<number, "u16"> = describe("u16");
/** `u32`, a whole number */
export const u32: Type<number, "u32"> = describe("u32");
/** `u64`, a bigint */
export const u64: Type<bigint, "u64"> = describe("u64");
/** `s8`, a whole number */
export const s8: Type<number, "s8"> = describe("s8");
/** `s16`, a whole number */
export const s16: Type<number, "s16"> = describe("s16");
/** `s32`, a whole number */
export const s32: Type<number, "s32"> = describe("s32");
/** `s64`, a bigint */
export const s64: Type<bigint, "s64"> = describe("s64");
/** `f32`; numbers are rounded to single precision, finite ones too large for it are refused */
export const f32: Type<number, "f32"> = describe("f32");
/** `f64` */
export const f64: Type<number, "f64"> = describe("f64");
/** `char`, a string of one Unicode scalar value */
export const char: Type<string, "char"> = describe("char");
/** `string`, without lone surrogates */
export const string: Type<string, "string"> = describe("string");
/** Nothing: no bytes, always `undefined`. For functions without a result. */
export const unit: Type<undefined, "unit"> = describe("unit");

/**
 * `list<T>`: an array; `list<u8>`: a `Uint8Array`.
 *
 * A decoded `Uint8Array` may be a view of the received message: it costs no copy, must not be
 * written to while others read the message, and keeps up to one network read (64 KiB) in memory.
 * Call `.slice()` on what is kept for long.
 */
export function list<E extends AnyType>(
  element: E,
): Type<E extends Type<number, "u8"> ? Uint8Array : ValueOf<E>[], "list"> {
  return describe("list", [element]);
}

/**
 * `option<T>`: the value or `undefined`. An option whose content may itself be `undefined` is
 * `{ tag: "some", val } | { tag: "none" }`.
 */
export function option<T extends AnyType>(
  content: T,
): Type<
  undefined extends ValueOf<T>
    ? | { readonly tag: "some"; readonly val: ValueOf<T> }
      | { readonly tag: "none" }
    : ValueOf<T> | undefined,
  "option"
> {
  return describe("option", [content]);
}

/** `result<Ok, Err>`: `{ tag: "ok", val } | { tag: "err", val }`; `undefined` for a side `_`. */
export function result<
  Ok extends AnyType | undefined = undefined,
  Err extends AnyType | undefined = undefined,
>(
  ok?: Ok,
  err?: Err,
): Type<
  Result<
    Ok extends AnyType ? ValueOf<Ok> : undefined,
    Err extends AnyType ? ValueOf<Err> : undefined
  >,
  "result"
> {
  return describe("result", [ok, err], ["ok", "err"]);
}

/** `record`: an object. The order of the properties is the order on the wire. */
export function record<F extends Readonly<Record<string, AnyType>>>(
  fields: F,
): Type<RecordValue<F>, "record"> {
  const names = Object.keys(fields);
  checkNames("record", names);
  return describe("record", Object.values(fields), names);
}

/** `tuple<…>`: an array of fixed length. */
export function tuple<const P extends readonly AnyType[]>(
  ...parts: P
): Type<{ -readonly [I in keyof P]: ValueOf<P[I]> }, "tuple"> {
  return describe("tuple", parts);
}

/** `variant`: `{ tag, val }`; cases given as `undefined` have no payload and no `val`. */
export function variant<
  C extends Readonly<Record<string, AnyType | undefined>>,
>(cases: C): Type<{ [K in keyof C]: Tagged<K, C[K]> }[keyof C], "variant"> {
  const names = Object.keys(cases);
  checkNames("variant", names);
  return describe("variant", Object.values(cases), names);
}

/** `enum`: one of the given strings. */
export function enumeration<const N extends readonly [string, ...string[]]>(
  names: N,
): Type<N[number], "enum"> {
  checkNames("enum", names);
  return describe("enum", [], names);
}

/**
 * `flags`: an object of booleans; absent means false.
 *
 * Rust code generated for wRPC 0.0.1 writes flags of 17-24, 33-56 and 65-120 names longer than it
 * reads them; this package uses ceil(n / 8) bytes both ways, so avoid those sizes.
 */
export function flags<const N extends readonly [string, ...string[]]>(
  names: N,
): Type<{ [K in N[number]]?: boolean }, "flags"> {
  checkNames("flags", names);
  return describe("flags", [], names);
}

/** `own<R>`: the bytes of an opaque handle. */
export function own(): Type<Uint8Array, "own"> {
  return describe("own");
}

/** `borrow<R>`: the bytes of an opaque handle. */
export function borrow(): Type<Uint8Array, "borrow"> {
  return describe("borrow");
}

/** `stream<T>`: can be described but not used yet (`WRPC_TYPE_UNSUPPORTED`). */
export function stream<T extends AnyType>(
  element: T,
): Type<AsyncIterable<ValueOf<T>>, "stream"> {
  return describe("stream", [element]);
}

/** `future<T>`: can be described but not used yet (`WRPC_TYPE_UNSUPPORTED`). */
export function future<T extends AnyType>(
  content: T,
): Type<Promise<ValueOf<T>>, "future"> {
  return describe("future", [content]);
}

function checkNames(kind: string, names: readonly string[]): void {
  if (names.length === 0)
    throw fail(
      "WRPC_INTERFACE_INVALID",
      `Type ${kind} needs at least one name.`,
    );
  if (new Set(names).size !== names.length)
    throw fail(
      "WRPC_INTERFACE_INVALID",
      `A name is there twice in the names of type ${kind}.`,
    );
  for (const name of names) {
    // Digits first would change the order of an object's keys; __proto__ is no ordinary property.
    if (!/^[A-Za-z_$][\w$-]*$/.test(name) || name === "__proto__")
      throw fail(
        "WRPC_INTERFACE_INVALID",
        `\`${name}\` cannot be a name in type ${kind}.`,
      );
  }
}
