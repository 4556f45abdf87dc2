import { open } from "node:fs/promises";
import type { Writable } from "node:stream";

import { fail } from "../../errors/cli-errors.js";

/** One access, or an attempt at one. Names and versions, never a value. */
export interface AuditEntry {
  /** What was asked: `get`, `put_secret`, `add_mapping`, `remove_mapping`. */
  readonly operation: string;
  readonly allowed: boolean;
  /** Name of the rule that allowed it, or why it was not. */
  readonly reason: string;
  /** What was answered: `ok`, or the error of the protocol. */
  readonly answer: string;
  /** Public key of the component or provider; absent if nobody proved to be one. */
  readonly entity?: string;
  /** Public key of the account that signed for it. */
  readonly issuer?: string;
  /** Public key that the host calls itself. */
  readonly host?: string;
  readonly application?: string;
  readonly key?: string;
  /** The version that was given out or put. */
  readonly version?: string;
}

/** No text of an entry is longer: what comes from outside must not fill a disk. */
const longestText = 1024;

/** Where lines go. */
export interface AuditSink {
  /** Resolves when the text is written. */
  append(text: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Writes a line of JSON for each access, and says when it is written: an answer waits for that. What
 * comes while a write is under way is written with the next. A write that failed fails its own lines
 * alone.
 */
export class AuditLog implements AsyncDisposable {
  readonly #sink: AuditSink;
  #lines: string[] = [];
  /** The write that has not begun yet: that of `#lines`. */
  #next: Promise<void> | undefined;
  #current: Promise<unknown> = Promise.resolve();

  constructor(sink: AuditSink) {
    this.#sink = sink;
  }

  /** Resolves when the line is written. @throws Error if it cannot be */
  write(entry: AuditEntry): Promise<void> {
    const time = new Date().toISOString();
    this.#lines.push(`${JSON.stringify({ time, ...bounded(entry) })}\n`);
    this.#next ??= this.#writeAfter(this.#current);
    return this.#next;
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.#next?.catch(() => undefined);
    await this.#current;
    await this.#sink.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #writeAfter(before: Promise<unknown>): Promise<void> {
    await before;
    const text = this.#lines.join("");
    this.#lines = [];
    this.#next = undefined;
    const written = this.#sink.append(text);
    this.#current = written.catch(() => undefined);
    await written;
  }
}

/**
 * A file that only its owner may read, to append to.
 *
 * @throws KeyturnError `CLI_FILE_UNWRITABLE`
 */
export async function fileSink(path: string): Promise<AuditSink> {
  try {
    const file = await open(path, "a", 0o600);
    return {
      append: (text) => file.appendFile(text),
      close: () => file.close(),
    };
  } catch (cause) {
    throw fail(
      "CLI_FILE_UNWRITABLE",
      `The audit log ${path} cannot be written.`,
      { cause },
    );
  }
}

/** A stream that stays open. */
export function streamSink(stream: Writable): AuditSink {
  return {
    append: (text) =>
      new Promise((resolve, reject) => {
        stream.write(text, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => Promise.resolve(),
  };
}

function bounded(entry: AuditEntry): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(entry).map(([name, value]: [string, unknown]) => [
      name,
      typeof value === "string" && value.length > longestText
        ? `${value.slice(0, longestText)}…`
        : value,
    ]),
  );
}
