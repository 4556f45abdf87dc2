import { isUtf8 } from "node:buffer";

import { Secret } from "../secret/secret.js";

import { asSkipped, asValue, type Handling } from "./handling.js";
import { JsonError, showPath, type PathStep } from "./json-error.js";
import { readByteArray } from "./read-byte-array.js";
import { endOfString, unescape } from "./read-string.js";

/** A parsed value. Objects have no prototype, so that no key can touch one. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | Secret
  | Uint8Array
  | JsonValue[]
  | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

/** Nesting beyond this is refused; HostData needs 5. */
const maxDepth = 64;

const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const quote = 0x22;
const colon = 0x3a;
const comma = 0x2c;
const minus = 0x2d;

/**
 * Parses JSON (RFC 8259) straight from bytes, so that what `handling` calls secret goes into a
 * `Secret` without ever being a string. Stricter than `JSON.parse`: duplicate keys, lone
 * surrogates, and nesting deeper than 64 are refused. The caller wipes `input`.
 *
 * @throws JsonError if `input` is anything else; secrets made until then are wiped
 */
export function parseJson(
  input: Uint8Array,
  handling: Handling = asValue,
): JsonValue {
  const made: Secret[] = [];
  try {
    return new Parser(input, made).document(handling);
  } catch (error) {
    for (const secret of made) secret.wipe();
    throw error;
  }
}

class Parser {
  readonly #bytes: Buffer;
  readonly #made: Secret[];
  readonly #path: PathStep[] = [];
  #at = 0;

  constructor(input: Uint8Array, made: Secret[]) {
    this.#bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
    this.#made = made;
  }

  document(handling: Handling): JsonValue {
    if (!isUtf8(this.#bytes)) throw new JsonError("it is not UTF-8");
    const value = this.#value(handling);
    this.#blanks();
    if (this.#at < this.#bytes.length) this.#refuse("the end expected");
    // Nothing is asked to be skipped at the top.
    return value ?? null;
  }

  /** The value at this place; undefined if it is skipped. */
  #value(handling: Handling): JsonValue | undefined {
    this.#blanks();
    const byte = this.#bytes[this.#at];
    switch (byte) {
      case openBrace:
        return this.#nested(() => this.#object(handling));
      case openBracket:
        return this.#nested(() => this.#array(handling));
      case quote:
        return this.#string(handling);
      case 0x74: // t
        return this.#word("true", true, handling);
      case 0x66: // f
        return this.#word("false", false, handling);
      case 0x6e: // n
        return this.#word("null", null, handling);
      default:
        return this.#number(handling);
    }
  }

  #nested<T>(read: () => T): T {
    if (this.#path.length >= maxDepth) this.#refuse("nested too deeply");
    this.#at++;
    return read();
  }

  #object(handling: Handling): JsonObject | undefined {
    const kept: JsonObject | undefined =
      handling.as === "skip" ? undefined : (Object.create(null) as JsonObject);
    if (this.#take(closeBrace)) return kept;
    do {
      this.#blanks();
      if (this.#bytes[this.#at] !== quote) this.#refuse("a key expected");
      if (kept === undefined) {
        this.#string(asSkipped);
        this.#expect(colon, "a colon expected");
        this.#within("", () => this.#value(asSkipped));
      } else {
        const key = this.#text();
        if (key in kept)
          this.#within(key, () => this.#refuse("a second value for one key"));
        this.#expect(colon, "a colon expected");
        const value = this.#within(key, () =>
          this.#value(handling.child?.(key) ?? handling),
        );
        // On an object without prototype this is a plain property even for "__proto__".
        if (value !== undefined) kept[key] = value;
      }
    } while (this.#take(comma));
    this.#expect(closeBrace, "a comma or closing brace expected");
    return kept;
  }

  #array(handling: Handling): JsonValue | undefined {
    if (handling.as === "secret" || handling.as === "bytes") {
      const read = readByteArray(this.#bytes, this.#at);
      if (read !== undefined) {
        this.#at = read.end;
        return handling.as === "bytes" ? read.bytes : this.#secret(read.bytes);
      }
    }
    // Elements of what should have been a byte array are dropped, not shown to anybody.
    const itemHandling =
      handling.item ?? (handling.as === "value" ? asValue : asSkipped);
    const items: JsonValue[] = [];
    let index = 0;
    if (!this.#take(closeBracket)) {
      do {
        const item = this.#within(index++, () => this.#value(itemHandling));
        if (item !== undefined) items.push(item);
      } while (this.#take(comma));
      this.#expect(closeBracket, "a comma or closing bracket expected");
    }
    return handling.as === "skip" ? undefined : items;
  }

  #string(handling: Handling): string | Secret | undefined {
    if (handling.as === "secret") return this.#secret(this.#stringBytes());
    if (handling.as !== "skip") return this.#text();
    this.#stringBytes().fill(0);
    return undefined;
  }

  #text(): string {
    const start = this.#at + 1;
    const end = endOfString(this.#bytes, start);
    if (end.problem === undefined && !end.escapes) {
      this.#at = end.at + 1;
      return this.#bytes.toString("utf8", start, end.at);
    }
    const bytes = this.#stringBytes();
    return Buffer.from(bytes.buffer, 0, bytes.byteLength).toString("utf8");
  }

  /** The bytes of a string without quotes and escapes, in memory of their own. */
  #stringBytes(): Uint8Array {
    const start = this.#at + 1;
    const end = endOfString(this.#bytes, start);
    if (end.problem !== undefined) {
      this.#at = end.at;
      this.#refuse(end.problem);
    }
    this.#at = end.at + 1;
    const raw = new Uint8Array(end.at - start);
    raw.set(this.#bytes.subarray(start, end.at));
    if (!end.escapes) return raw;
    const plain = unescape(raw);
    raw.fill(0);
    if (plain === undefined) {
      this.#at = start;
      this.#refuse("an invalid escape in the string");
    }
    return plain;
  }

  #secret(bytes: Uint8Array): Secret {
    const secret = Secret.fromBytes(bytes);
    this.#made.push(secret);
    return secret;
  }

  #word<T>(word: string, value: T, handling: Handling): T | undefined {
    const end = this.#at + word.length;
    if (this.#bytes.toString("latin1", this.#at, end) !== word)
      this.#refuse("a value expected");
    this.#at = end;
    return handling.as === "skip" ? undefined : value;
  }

  #number(handling: Handling): number | undefined {
    let end = this.#at;
    for (; end < this.#bytes.length; end++) {
      const byte = this.#bytes[end] as number;
      const digit = byte >= 0x30 && byte <= 0x39;
      if (
        !digit &&
        byte !== minus &&
        !"+.eE".includes(String.fromCharCode(byte))
      )
        break;
    }
    const text = this.#bytes.toString("latin1", this.#at, end);
    if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text))
      this.#refuse("a value expected");
    this.#at = end;
    return handling.as === "skip" ? undefined : Number(text);
  }

  #within<T>(step: PathStep, read: () => T): T {
    this.#path.push(step);
    const value = read();
    this.#path.pop();
    return value;
  }

  #blanks(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)
        return;
      this.#at++;
    }
  }

  #take(byte: number): boolean {
    this.#blanks();
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  #expect(byte: number, problem: string): void {
    if (!this.#take(byte)) this.#refuse(problem);
  }

  #refuse(problem: string): never {
    const path = showPath(this.#path);
    throw new JsonError(
      `${problem} at byte ${this.#at}` + (path === "" ? "" : ` in \`${path}\``),
    );
  }
}
