import type { ResolvedValueLimits } from "../limits.js";
import type { WrpcErrorCode } from "../../errors/wrpc-errors.js";

/** What decoders return when they cannot go on: bytes ran out, or there is a fault. */
export const HALT: unique symbol = Symbol("halt");

/** Where a decoder stood when it halted: enough to go on, and enough to name the place. */
interface Frame {
  readonly index: number;
  readonly partial: unknown;
  readonly step: (index: number) => string;
}

const nothing = new Uint8Array(0);

/**
 * The bytes of one value as far as they have come.
 *
 * Decoders are plain recursive functions. When one halts, each decoder around it leaves a frame
 * (innermost first) and halts too; when more bytes are there, they are called again from the
 * outside and each takes its frame back. Leaves re-read at most the few bytes they had begun;
 * thus no byte is decoded twice, however the value was cut.
 */
export class Reader {
  /** The chunk at hand; decoders read at `pos` and only move it past what they have finished. */
  bytes: Uint8Array = nothing;
  pos = 0;
  /** Frames still to be taken back. */
  pending = 0;
  /** List elements announced so far. */
  elements = 0;
  /** Bytes that earlier chunks held. */
  #consumed = 0;
  #fault: { code: WrpcErrorCode; problem: string } | undefined;
  readonly #frames: Frame[] = [];
  limits: ResolvedValueLimits;

  constructor(limits: ResolvedValueLimits) {
    this.limits = limits;
  }

  /** What is wrong with the bytes, if halted for that. */
  get fault(): { code: WrpcErrorCode; problem: string } | undefined {
    return this.#fault;
  }

  /** Bytes of the value that have been given so far. */
  get received(): number {
    return this.#consumed + this.bytes.length;
  }

  /** Back to the state of a new reader. */
  reset(chunk: Uint8Array, limits: ResolvedValueLimits): void {
    this.bytes = chunk;
    this.limits = limits;
    this.pos = 0;
    this.pending = 0;
    this.elements = 0;
    this.#consumed = 0;
    this.#fault = undefined;
    this.#frames.length = 0;
  }

  /** Lets go of what it holds. */
  release(): void {
    this.bytes = nothing;
    this.#frames.length = 0;
  }

  /** Adds bytes after a halt. */
  feed(chunk: Uint8Array): void {
    const left = this.bytes.length - this.pos;
    this.#consumed += this.pos;
    if (left === 0) this.bytes = chunk;
    else {
      // Only leaves leave bytes behind: fewer than ten of them.
      const joined = new Uint8Array(left + chunk.length);
      joined.set(this.bytes.subarray(this.pos));
      joined.set(chunk, left);
      this.bytes = joined;
    }
    this.pos = 0;
    this.pending = this.#frames.length;
  }

  /** The frame of the decoder that calls it. Only while `pending` is not 0. */
  resume(): Frame {
    this.pending--;
    return this.#frames.pop() as Frame;
  }

  /** Leaves a frame; decoders return its result. */
  suspend(
    index: number,
    partial: unknown,
    step: (index: number) => string,
  ): typeof HALT {
    this.#frames.push({ index, partial, step });
    return HALT;
  }

  /** Notes that the bytes are not a value of the type; decoders return its result. */
  malformed(problem: string): typeof HALT {
    this.#fault = { code: "WRPC_VALUE_MALFORMED", problem };
    return HALT;
  }

  /** Notes that a limit would be passed; decoders return its result. */
  tooLarge(problem: string): typeof HALT {
    this.#fault = { code: "WRPC_VALUE_TOO_LARGE", problem };
    return HALT;
  }

  /** Whether `count` more bytes would pass the limit. */
  exceeds(count: number): boolean {
    return this.#consumed + this.pos + count > this.limits.maxBytes;
  }

  /** Path of the fault, outermost step first. */
  path(): string {
    let path = "";
    for (const frame of this.#frames) path = frame.step(frame.index) + path;
    return path;
  }
}
