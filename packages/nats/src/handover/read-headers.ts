import { Match, type MsgHdrs } from "@nats-io/nats-core";

import { MsgHdrsImpl } from "./nats-core.js";

/** nats.js' own, whose types allow two of its methods less than they do. */
interface Whole extends Omit<MsgHdrsImpl, "get" | "last"> {
  get(name: string, match?: Match): string;
  last(name: string, match?: Match): string;
}

const plainStart = "NATS/1.0\r\n";

/**
 * The header block of a message that was received. Who looks for one header, as most do, gets it out of the text;
 * for all else nats.js takes the block apart, which costs as much as the rest of a small message.
 */
export class ReadHeaders implements MsgHdrs {
  readonly #bytes: Uint8Array;
  readonly #text: string;
  #apart: Whole | undefined;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#text = bytes.toString("utf8");
  }

  get(name: string, match?: Match): string {
    if (this.#isFor(name, match)) {
      const start = this.#text.indexOf(`\r\n${name}:`);
      if (start < 0) return "";
      const from = start + name.length + 3;
      const end = this.#text.indexOf("\r\n", from);
      const value = this.#text.slice(from, end < 0 ? undefined : end).trim();
      // nats.js does not take such a block at all.
      if (!value.includes("\n") && !value.includes("\r")) return value;
    }
    return this.#whole().get(name, match);
  }

  has(name: string, match?: Match): boolean {
    return this.#isFor(name, match)
      ? this.#text.includes(`\r\n${name}:`)
      : this.#whole().has(name, match);
  }

  /** 0 unless it is a message of the server about a request. */
  get code(): number {
    return this.#isPlain ? 0 : this.#whole().code;
  }

  get description(): string {
    return this.#isPlain ? "" : this.#whole().description;
  }

  get hasError(): boolean {
    return !this.#isPlain && this.#whole().hasError;
  }

  get status(): string {
    return this.#whole().status;
  }

  set(name: string, value: string, match?: Match): void {
    this.#whole().set(name, value, match);
  }

  append(name: string, value: string, match?: Match): void {
    this.#whole().append(name, value, match);
  }

  keys(): string[] {
    return this.#whole().keys();
  }

  values(name: string, match?: Match): string[] {
    return this.#whole().values(name, match);
  }

  delete(name: string, match?: Match): void {
    this.#whole().delete(name, match);
  }

  last(name: string, match?: Match): string {
    return this.#whole().last(name, match);
  }

  toRecord(): Record<string, string[]> {
    return this.#whole().toRecord();
  }

  /** For `publish` of nats.js, where it is passed on. */
  encode(): Uint8Array {
    return this.#whole().encode();
  }

  size(): number {
    return this.#whole().size();
  }

  equals(other: MsgHdrsImpl): boolean {
    return this.#whole().equals(other);
  }

  toString(): string {
    return this.#whole().toString();
  }

  [Symbol.iterator](): IterableIterator<[string, string[]]> {
    return this.#whole()[Symbol.iterator]();
  }

  get #isPlain(): boolean {
    return this.#apart === undefined && this.#text.startsWith(plainStart);
  }

  /** Whether the text will do: it may be out of date, and knows no other names than it has. */
  #isFor(name: string, match: Match = Match.Exact): boolean {
    return (
      this.#apart === undefined &&
      match === Match.Exact &&
      !/[:\r\n]/.test(name)
    );
  }

  #whole(): Whole {
    return (this.#apart ??= MsgHdrsImpl.decode(this.#bytes));
  }
}
