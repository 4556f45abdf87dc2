import type { HALT, Reader } from "./reader.js";

const firstRoom = 64 * 1024;

/**
 * Gathers an announced number of bytes as they come. Room grows with what has come, never with
 * what was announced: a peer has to send the bytes to make us hold them.
 */
export class Collector {
  readonly size: number;
  #bytes: Uint8Array;
  #filled = 0;

  constructor(size: number) {
    this.size = size;
    this.#bytes = new Uint8Array(Math.min(size, firstRoom));
  }

  /** Takes what the reader has; all the bytes once they are complete. */
  take(reader: Reader): Uint8Array | undefined {
    const count = Math.min(
      this.size - this.#filled,
      reader.bytes.length - reader.pos,
    );
    const filled = this.#filled + count;
    if (filled > this.#bytes.length) {
      const larger = new Uint8Array(
        Math.min(this.size, Math.max(filled, 2 * this.#bytes.length)),
      );
      larger.set(this.#bytes.subarray(0, this.#filled));
      this.#bytes = larger;
    }
    this.#bytes.set(
      reader.bytes.subarray(reader.pos, reader.pos + count),
      this.#filled,
    );
    reader.pos += count;
    this.#filled = filled;
    return filled === this.size ? this.#bytes : undefined;
  }
}

const noStep = (): string => "";

/** Goes on with a collector; suspends the reader until it is full. */
export function collect(
  reader: Reader,
  collector: Collector,
): Uint8Array | typeof HALT {
  return collector.take(reader) ?? reader.suspend(0, collector, noStep);
}
