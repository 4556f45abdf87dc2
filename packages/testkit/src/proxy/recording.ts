/** The first bytes of one direction, up to a bound. */
export class Recording {
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #kept = 0;
  #seen = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(chunk: Buffer): void {
    this.#seen += chunk.length;
    const room = this.#limit - this.#kept;
    if (room <= 0) return;
    // A copy: a slice would keep the whole buffer that the socket reads into.
    const kept = Buffer.from(chunk.subarray(0, room));
    this.#chunks.push(kept);
    this.#kept += kept.length;
  }

  /** Bytes that passed, kept or not. */
  get seen(): number {
    return this.#seen;
  }

  /** Bytes that passed when the bound had been reached. */
  get missed(): number {
    return this.#seen - this.#kept;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
