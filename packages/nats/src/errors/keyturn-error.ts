/** One row of an error table: what a code means and what its reader does next. */
export interface ErrorEntry {
  /** One sentence: what has happened when this code is seen. */
  readonly meaning: string;
  /** One sentence, imperative: what to do next. It closes every message with this code. */
  readonly next: string;
}

/** A package's error codes. A code is stable for ever; a retired one is not used again. */
export type ErrorTable = Readonly<Record<string, ErrorEntry>>;

/** What may be said beside the code and the message. */
export interface ErrorDetails {
  /** What broke underneath; kept as it is. */
  readonly cause?: unknown;
  /** Replaces the table's last sentence where this place knows a better one. */
  readonly next?: string;
}

const brand: unique symbol = Symbol.for("keyturn.error") as never;

/**
 * An error with a stable code. The message says what is wrong and where it came from, and ends
 * with the next step. Neither message nor properties ever hold a secret.
 */
export class KeyturnError<Code extends string = string> extends Error {
  override readonly name = "KeyturnError";
  /** Stable code from the table of the package that raised the error. */
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

/** Whether a value is a {@link KeyturnError}, whichever copy of the package made it. */
export function isKeyturnError(value: unknown): value is KeyturnError {
  return typeof value === "object" && value !== null && brand in value;
}

/**
 * Makes the one door through which a package raises its errors.
 *
 * @example
 * const fail = errorFactory(natsErrors);
 * throw fail("CREDENTIAL_EXPIRED", "The user JWT of link secret `client_jwt` expired at …");
 */
export function errorFactory<Table extends ErrorTable>(
  table: Table,
): <Code extends keyof Table & string>(
  code: Code,
  what: string,
  details?: ErrorDetails,
) => KeyturnError<Code> {
  return (code, what, details) =>
    new KeyturnError(
      code,
      what,
      details?.next ?? (table[code] as ErrorEntry).next,
      details?.cause,
    );
}
