import type { MsgHdrs } from "@nats-io/nats-core";

import { fail } from "../errors/wrpc-errors.js";

/** Headers of an invocation: one value a name. */
export type HeaderValues = Readonly<Record<string, string>>;

/**
 * Whether a header can be sent. Ask before passing on what came from elsewhere: a peer that uses
 * async-nats drops its whole connection over a header block that does not parse.
 */
export function isValidHeader(name: string, value: string): boolean {
  return (
    /^[!-9;-~]+$/.test(name) &&
    typeof value === "string" &&
    !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(value)
  );
}

/**
 * A header block that is encoded once and sent many times.
 *
 * nats.js asks the headers of a message to encode themselves and nothing else, so this is all that
 * it needs of its own class.
 */
export class HeaderBlock {
  readonly #values: HeaderValues;
  /** All lines but the empty last one. */
  readonly #lines: string;
  readonly #bytes: Uint8Array;

  private constructor(values: HeaderValues, lines: string) {
    this.#values = values;
    this.#lines = lines;
    this.#bytes = Buffer.from(`${lines}\r\n`);
  }

  /** @throws WrpcError `WRPC_HEADER_INVALID` */
  static of(values: HeaderValues): HeaderBlock {
    return new HeaderBlock(values, addLines("NATS/1.0\r\n", values));
  }

  /**
   * This block with more headers; they replace those of the same name.
   *
   * @throws WrpcError `WRPC_HEADER_INVALID`
   */
  with(values: HeaderValues): HeaderBlock {
    const all = { ...this.#values, ...values };
    for (const name in values)
      if (name in this.#values) return HeaderBlock.of(all);
    return new HeaderBlock(all, addLines(this.#lines, values));
  }

  /** Bytes of the block on the wire. */
  get size(): number {
    return this.#bytes.length;
  }

  encode(): Uint8Array {
    return this.#bytes;
  }

  /** As what `publish` takes it for. */
  asMsgHdrs(): MsgHdrs {
    return this as unknown as MsgHdrs;
  }
}

/** A block, or `undefined` if there are no headers to send. */
export function headerBlock(
  base: HeaderBlock | undefined,
  values: HeaderValues | undefined,
): HeaderBlock | undefined {
  if (values === undefined || Object.keys(values).length === 0) return base;
  return base === undefined ? HeaderBlock.of(values) : base.with(values);
}

function addLines(lines: string, values: HeaderValues): string {
  const text = [lines];
  for (const name in values) {
    const value = values[name] as string;
    if (!isValidHeader(name, value))
      throw fail(
        "WRPC_HEADER_INVALID",
        `Header ${JSON.stringify(name)} cannot be sent.`,
      );
    text.push(name, ": ", value.trim(), "\r\n");
  }
  // Joined at once, it is held in one piece.
  return text.join("");
}
