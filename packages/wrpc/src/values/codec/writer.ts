// Encoded values are cut from shared slabs: most values are far smaller than the price of an
// allocation, and a slab is never reused, because nats.js keeps what it is given until it flushes.
const slabBytes = 64 * 1024;
const leastRoom = 512;

/** Collects the bytes of one value after another. Faults carry a path, not the value. */
export class Writer {
  /** Where encoders write, at `pos`, after `reserve`. */
  bytes: Buffer = Buffer.allocUnsafeSlow(slabBytes);
  pos = 0;
  /** What did not fit, once an encoder has returned false. */
  problem = "";
  #start = 0;
  /** The slab to go on with, when a value that it is too small for has one of its own. */
  #slab: { readonly bytes: Buffer; readonly pos: number } | undefined;
  readonly #path: string[] = [];

  /** Makes room for `count` more bytes at `pos`. */
  reserve(count: number): void {
    if (this.pos + count > this.bytes.length) this.#grow(count);
  }

  #grow(count: number): void {
    const used = this.pos - this.#start;
    const larger = Buffer.allocUnsafeSlow(
      Math.max(slabBytes, 2 * used + count),
    );
    this.bytes.copy(larger, 0, this.#start, this.pos);
    if (larger.length > slabBytes)
      this.#slab ??= { bytes: this.bytes, pos: this.#start };
    this.bytes = larger;
    this.#start = 0;
    this.pos = used;
  }

  /** Notes what is wrong with the value at hand; encoders return its result. */
  fault(problem: string): false {
    this.problem = problem;
    return false;
  }

  /** Adds an outer step to the path of a fault; encoders return its result. */
  within(step: string): false {
    this.#path.push(step);
    return false;
  }

  /** Path of the fault, outermost step first. */
  path(): string {
    return this.#path.reverse().join("");
  }

  /** Starts a value. */
  begin(): void {
    if (this.bytes.length - this.pos < leastRoom) {
      this.bytes = Buffer.allocUnsafeSlow(slabBytes);
      this.pos = 0;
    }
    this.#start = this.pos;
    this.#path.length = 0;
  }

  /** Ends a value; the bytes stay as they are for ever. */
  finish(): Uint8Array {
    const view = this.bytes.subarray(this.#start, this.pos);
    this.#leaveOwn();
    return view;
  }

  /** Gives up a value. */
  discard(): void {
    this.pos = this.#start;
    this.#leaveOwn();
  }

  #leaveOwn(): void {
    if (this.#slab === undefined) return;
    ({ bytes: this.bytes, pos: this.pos } = this.#slab);
    this.#slab = undefined;
  }
}
