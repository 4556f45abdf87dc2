/** One row of an error table: what a code means and what its reader does next. */
export interface ErrorEntry {
  /** One sentence: what has happened when this code is seen. */
  readonly meaning: string;
  /** One sentence, imperative: what to do next. It closes every message with this code. */
  readonly next: string;
}

/** The error codes of a package. A code is stable for ever; a retired one is not used again. */
export type ErrorTable = Readonly<Record<string, ErrorEntry>>;

const brand: unique symbol = Symbol.for("keyturn.error") as never;

/**
 * An error with a stable code, of the same shape and brand as `KeyturnError` of `@keyturn/nats`
 * (which this package does not depend on), so that one guard recognises both. The message says
 * what is wrong and where, ends with the next step, and never holds the content of a value.
 */
export class WrpcError<Code extends string = string> extends Error {
  override readonly name = "WrpcError";
  /** Stable code from `wrpcErrors`. */
  readonly code: Code;
  /** What to do next: the last sentence of the message. */
  readonly next: string;
  /** Survives two installed copies of this package, which `instanceof` does not. */
  readonly [brand] = true;

  constructor(code: Code, what: string, next: string, cause?: unknown) {
    super(`${what} ${next}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.next = next;
  }
}
