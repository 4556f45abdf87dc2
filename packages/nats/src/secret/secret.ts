import { timingSafeEqual } from "node:crypto";
import { inspect } from "node:util";

import { fail } from "../errors/nats-errors.js";

const redacted = "[secret]";
const utf8 = new TextEncoder();

/**
 * Bytes that cannot be printed by accident: string conversion, JSON, `util.inspect` and structured
 * logs all show `[secret]`. Reading takes a verb (`use`, `revealText`), so that every place that
 * opens a secret can be found by searching for it.
 */
export class Secret {
  #bytes: Uint8Array | undefined;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Takes the bytes over: the caller must not keep or change them, `wipe` will zero them. */
  static fromBytes(bytes: Uint8Array): Secret {
    return new Secret(bytes);
  }

  /**
   * Copies a text. The text itself stays in memory until it is collected, so use this only for
   * values that were born as a string (an environment variable, a config value).
   */
  static fromText(text: string): Secret {
    return new Secret(utf8.encode(text));
  }

  /** Length in bytes; 0 once wiped. */
  get byteLength(): number {
    return this.#bytes?.byteLength ?? 0;
  }

  /** Whether the bytes are gone. */
  get wiped(): boolean {
    return this.#bytes === undefined;
  }

  /**
   * Lends the bytes to `reader`, which must not keep them.
   *
   * @throws KeyturnError `SECRET_WIPED`
   */
  use<T>(reader: (bytes: Uint8Array) => T): T {
    if (this.#bytes === undefined)
      throw fail("SECRET_WIPED", "This secret was wiped.");
    return reader(this.#bytes);
  }

  /**
   * The value as a string, for consumers that take nothing else (a password in CONNECT, a PEM).
   * Never for seeds: a string cannot be wiped.
   *
   * @throws KeyturnError `SECRET_WIPED`
   * @throws TypeError if the bytes are not UTF-8
   */
  revealText(): string {
    return this.use((bytes) =>
      new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    );
  }

  /** An independent copy, for two owners that wipe at different times. */
  copy(): Secret {
    return this.use((bytes) => new Secret(Uint8Array.from(bytes)));
  }

  /** Whether both hold the same bytes; takes the same time wherever they differ. */
  equals(other: Secret): boolean {
    return this.use((a) =>
      other.use((b) => a.byteLength === b.byteLength && timingSafeEqual(a, b)),
    );
  }

  /** Zeroes the bytes. Idempotent. */
  wipe(): void {
    this.#bytes?.fill(0);
    this.#bytes = undefined;
  }

  [Symbol.dispose](): void {
    this.wipe();
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect.custom](): string {
    return redacted;
  }
}
