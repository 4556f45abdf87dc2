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
  readonly #bytes: Uint8Array;

  /** @throws WrpcError `WRPC_HEADER_INVALID` */
  constructor(values: HeaderValues) {
    this.#values = values;
    let text = "NATS/1.0\r\n";
    for (const [name, value] of Object.entries(values)) {
      if (!isValidHeader(name, value))
        throw fail(
          "WRPC_HEADER_INVALID",
          `Header ${JSON.stringify(name)} cannot be sent.`,
        );
      text += `${name}: ${value.trim()}\r\n`;
    }
    this.#bytes = Buffer.from(`${text}\r\n`);
  }

  /** Bytes of the block on the wire. */
  get size(): number {
    return this.#bytes.length;
  }

  /** This block with more headers; they replace those of the same name. */
  with(values: HeaderValues): HeaderBlock {
    return new HeaderBlock({ ...this.#values, ...values });
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
  return base === undefined ? new HeaderBlock(values) : base.with(values);
}
