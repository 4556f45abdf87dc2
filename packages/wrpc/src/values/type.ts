declare const valueType: unique symbol;

/** What a descriptor describes; the first half of a WIT type expression. */
export type Kind =
  | "bool"
  | "u8"
  | "u16"
  | "u32"
  | "u64"
  | "s8"
  | "s16"
  | "s32"
  | "s64"
  | "f32"
  | "f64"
  | "char"
  | "string"
  | "unit"
  | "list"
  | "option"
  | "result"
  | "record"
  | "tuple"
  | "variant"
  | "enum"
  | "flags"
  | "own"
  | "borrow"
  | "stream"
  | "future";

/**
 * A WIT type as a JavaScript value. It only describes; encoder and decoder are compiled from it
 * once, when it is first used. `T` is the JavaScript type of its values, see {@link ValueOf}.
 */
export interface Type<T, K extends Kind = Kind> {
  readonly kind: K;
  /** Types inside, in wire order; `undefined` where a case or side has no payload. */
  readonly parts: readonly (AnyType | undefined)[];
  /** Names of fields, cases or flags, in wire order. */
  readonly names: readonly string[];
  // A function, because an optional property of type T would lose the `undefined` of options.
  readonly [valueType]?: () => T;
}

/** Any descriptor. */
export type AnyType = Type<unknown>;

/** The JavaScript type of the values that a descriptor describes. */
export type ValueOf<D> = D extends Type<infer T> ? T : never;

/** One property per field; fields whose value may be `undefined` may be left out. */
export type RecordValue<F extends Readonly<Record<string, AnyType>>> = {
  [K in keyof F as undefined extends ValueOf<F[K]> ? never : K]: ValueOf<F[K]>;
} & {
  [K in keyof F as undefined extends ValueOf<F[K]> ? K : never]?: ValueOf<F[K]>;
} extends infer O
  ? { [K in keyof O]: O[K] }
  : never;

/** `{ tag, val }` of one case; a case without payload has no `val` to give. */
export type Tagged<Tag, D> = D extends AnyType
  ? { readonly tag: Tag; readonly val: ValueOf<D> }
  : { readonly tag: Tag; readonly val?: undefined };

/** `{ tag: "ok", val } | { tag: "err", val }`, at the top level of a result too. */
export type Result<Ok, Err> =
  | ([Ok] extends [undefined]
      ? { readonly tag: "ok"; readonly val?: undefined }
      : { readonly tag: "ok"; readonly val: Ok })
  | ([Err] extends [undefined]
      ? { readonly tag: "err"; readonly val?: undefined }
      : { readonly tag: "err"; readonly val: Err });
