import { fail } from "../errors/nats-errors.js";
import type { PublishOptions } from "../handover/nats-core.js";

/** Bounds of what may wait while there is no connection. */
export interface OutboxOptions {
  /** Payload, headers and subjects together, in bytes. Default {@link defaultOutboxBytes}; 0 keeps nothing. */
  readonly maxBytes?: number;
  /** How long a message may wait, in milliseconds. Default {@link defaultOutboxAgeMs}. */
  readonly maxAgeMs?: number;
  /**
   * What happens when it is full: `"refuse"` (default) makes `publish` throw `OUTBOX_FULL`,
   * `"drop-oldest"` makes room, `"drop-new"` keeps what waits.
   */
  readonly whenFull?: "refuse" | "drop-oldest" | "drop-new";
}

/** Default bound of the outbox: 8 MiB. */
export const defaultOutboxBytes = 8 * 1024 * 1024;
/** Default age of a message in the outbox: one minute. */
export const defaultOutboxAgeMs = 60_000;

/** Why a message did not wait to the end. */
export type DropReason = "age" | "full" | "refused" | "closed";

/** A message that waits for a connection. */
export interface OutboxEntry {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly options: PublishOptions | undefined;
  readonly bytes: number;
  readonly since: number;
}

const utf8 = new TextEncoder();
const empty = new Uint8Array(0);

/** Keeps what is published while there is no connection, within bounds; counts what it drops. */
export class Outbox {
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  readonly #whenFull: NonNullable<OutboxOptions["whenFull"]>;
  readonly #onDrop: (count: number, why: DropReason) => void;
  #entries: OutboxEntry[] = [];
  #bytes = 0;
  #dropped = 0;

  constructor(
    options: OutboxOptions,
    onDrop: (count: number, why: DropReason) => void,
  ) {
    this.#maxBytes = options.maxBytes ?? defaultOutboxBytes;
    this.#maxAgeMs = options.maxAgeMs ?? defaultOutboxAgeMs;
    this.#whenFull = options.whenFull ?? "refuse";
    this.#onDrop = onDrop;
  }

  /** Messages that wait. */
  get size(): number {
    return this.#entries.length;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Messages dropped since the start, for age or for room. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Keeps a copy. @throws KeyturnError `OUTBOX_FULL` */
  add(
    subject: string,
    payload: Uint8Array | string | undefined,
    options: PublishOptions | undefined,
  ): void {
    const data =
      typeof payload === "string"
        ? utf8.encode(payload)
        : Uint8Array.from(payload ?? empty);
    const bytes =
      data.byteLength +
      subject.length +
      (options?.reply?.length ?? 0) +
      headersLength(options);
    this.#dropOld();
    if (this.#bytes + bytes > this.#maxBytes && !this.#makeRoom(bytes)) return;
    this.#entries.push({
      subject,
      payload: data,
      options: options === undefined ? undefined : { ...options },
      bytes,
      since: Date.now(),
    });
    this.#bytes += bytes;
  }

  /** Hands everything over that is not too old, oldest first, and is empty then. */
  release(publish: (entry: OutboxEntry) => void): void {
    this.#dropOld();
    const entries = this.#entries;
    this.#entries = [];
    this.#bytes = 0;
    for (const entry of entries) {
      try {
        publish(entry);
      } catch {
        // The server we are connected to now takes less than the one before (`max_payload`).
        this.#drop(1, "refused");
      }
    }
  }

  /** Drops what still waits: the connection was closed. */
  abandon(): void {
    const count = this.#entries.length;
    this.#entries = [];
    this.#bytes = 0;
    if (count > 0) this.#drop(count, "closed");
  }

  #makeRoom(bytes: number): boolean {
    if (this.#whenFull === "refuse") {
      throw fail(
        "OUTBOX_FULL",
        `There is no connection, and ${this.#entries.length} messages (${this.#bytes} bytes) wait already; the bound is ${this.#maxBytes} bytes.`,
      );
    }
    if (this.#whenFull === "drop-new" || bytes > this.#maxBytes) {
      this.#drop(1, "full");
      return false;
    }
    let count = 0;
    while (this.#bytes + bytes > this.#maxBytes) {
      this.#bytes -= (this.#entries[count] as OutboxEntry).bytes;
      count++;
    }
    this.#entries.splice(0, count);
    this.#drop(count, "full");
    return true;
  }

  #dropOld(): void {
    const limit = Date.now() - this.#maxAgeMs;
    let count = 0;
    while (
      count < this.#entries.length &&
      (this.#entries[count] as OutboxEntry).since < limit
    ) {
      this.#bytes -= (this.#entries[count] as OutboxEntry).bytes;
      count++;
    }
    if (count === 0) return;
    this.#entries.splice(0, count);
    this.#drop(count, "age");
  }

  #drop(count: number, why: DropReason): void {
    this.#dropped += count;
    this.#onDrop(count, why);
  }
}

function headersLength(options: PublishOptions | undefined): number {
  const headers = options?.headers;
  if (headers === undefined) return 0;
  let length = 0;
  for (const [name, values] of headers)
    for (const value of values) length += name.length + value.length;
  return length;
}
