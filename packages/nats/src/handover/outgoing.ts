/** Bytes of the first slab; each further one is twice as large until {@link mostSlabBytes}. */
const firstSlabBytes = 2 * 1024;
const mostSlabBytes = 64 * 1024;
const none: Buffer = Buffer.alloc(0);

/** Writes that a socket has not finished. */
export interface OpenWrites {
  count: number;
}

/**
 * Frames that go out with the next write, one behind the other in a slab, in the place of nats.js' list
 * of pieces: that one makes an array and a buffer a frame, and copies all of them into one more.
 *
 * A slab is used again as soon as all that was drained has been {@link written}, and not before. Fresh ones
 * would be what the garbage collector is called for most.
 */
export class Outgoing {
  #slab = none;
  /** Another one, for when the first is full before it has been written. */
  #other = none;
  #isOtherFree = true;
  #writes: OpenWrites = { count: 0 };
  #slabBytes = firstSlabBytes / 2;
  #start = 0;
  #end = 0;

  /** Adds a command and what belongs to it. Both are copied. */
  add(command: string | Uint8Array, payloads: readonly Uint8Array[]): void {
    // Three bytes are the most that one UTF-16 unit takes.
    let most = typeof command === "string" ? command.length * 3 : 0;
    for (const payload of payloads) most += payload.length;
    if (typeof command !== "string") most += command.length;
    if (this.#end + most > this.#slab.length) this.#makeRoom(most);
    if (typeof command === "string")
      this.#end += this.#slab.write(command, this.#end);
    else this.#copy(command);
    for (const payload of payloads) if (payload.length > 0) this.#copy(payload);
  }

  /**
   * Adds a message.
   *
   * @param bytes of the payload
   */
  addMessage(
    command: string,
    headers: Uint8Array | undefined,
    payload: Uint8Array | string,
    bytes: number,
  ): void {
    const most = command.length * 3 + (headers?.length ?? 0) + bytes + 2;
    if (this.#end + most > this.#slab.length) this.#makeRoom(most);
    this.#end += this.#slab.write(command, this.#end);
    if (headers !== undefined) this.#copy(headers);
    if (typeof payload === "string")
      this.#end += this.#slab.write(payload, this.#end);
    else if (bytes > 0) this.#copy(payload);
    this.#slab[this.#end++] = 0x0d;
    this.#slab[this.#end++] = 0x0a;
  }

  /** As nats.js' buffer, for what it sends past `sendCommand`. */
  fill(bytes: Uint8Array, ...more: Uint8Array[]): void {
    this.add(bytes, more);
  }

  /** Takes everything away. Whoever has written it says so with {@link written}. */
  drain(): Uint8Array {
    const all = this.#slab.subarray(this.#start, this.#end);
    this.#start = this.#end;
    this.#writes.count++;
    return all;
  }

  /** What {@link written} is to be told of what is drained now. */
  get writes(): OpenWrites {
    return this.#writes;
  }

  /** Something that was drained is not needed any more. */
  written(writes: OpenWrites): void {
    if (--writes.count > 0 || writes !== this.#writes) return;
    this.#isOtherFree = true;
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }

  /** Drops everything. What was drained may never be written now: it keeps its slabs. */
  reset(): void {
    this.#writes = { count: 0 };
    this.#slab = this.#other = none;
    this.#start = this.#end = 0;
  }

  /** Bytes that wait. */
  size(): number {
    return this.#end - this.#start;
  }

  #copy(bytes: Uint8Array): void {
    this.#slab.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  #makeRoom(bytes: number): void {
    const full = this.#slab;
    const waiting = full.subarray(this.#start, this.#end);
    const needed = waiting.length * 2 + bytes;
    if (this.#isOtherFree && this.#other.length >= needed)
      this.#slab = this.#other;
    else {
      this.#slabBytes = Math.min(this.#slabBytes * 2, mostSlabBytes);
      // Not from Node's pool, which others would keep in memory with it.
      this.#slab = Buffer.allocUnsafeSlow(Math.max(this.#slabBytes, needed));
    }
    this.#other = full.length > mostSlabBytes ? none : full;
    this.#isOtherFree = this.#writes.count === 0;
    this.#slab.set(waiting);
    this.#start = 0;
    this.#end = waiting.length;
  }
}
