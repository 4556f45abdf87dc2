import { fail } from "../errors/wrpc-errors.js";
import type { Codec } from "./codec/codec.js";
import { codecOf } from "./codec/compile.js";
import { HALT, Reader } from "./codec/reader.js";
import {
  resolveValueLimits,
  type ResolvedValueLimits,
  type ValueLimits,
} from "./limits.js";
import { placeOf } from "./encode.js";
import type { Type } from "./type.js";

/**
 * Decodes one value from bytes that come in any portions. No byte is decoded twice.
 *
 * Decoded `Uint8Array`s may be views of the pushed chunks, so do not change a chunk afterwards.
 */
export class Decoder<T> {
  readonly #decoding: Decoding;

  /**
   * @throws WrpcError `WRPC_TYPE_UNSUPPORTED`
   * @throws WrpcError `WRPC_OPTION_INVALID`
   */
  constructor(type: Type<T>, limits?: ValueLimits) {
    this.#decoding = new Decoding(codecOf(type), "", "value");
    this.#decoding.start(nothing, resolveValueLimits(limits));
  }

  /**
   * Adds bytes; true once the value is complete. Bytes behind the value are ignored.
   *
   * @throws WrpcError `WRPC_VALUE_MALFORMED`, `WRPC_VALUE_TOO_LARGE`
   */
  push(bytes: Uint8Array): boolean {
    return this.#decoding.push(bytes);
  }

  /** Whether the value is complete. */
  get done(): boolean {
    return this.#decoding.done;
  }

  /**
   * The value; call it when it is complete or no more bytes will come.
   *
   * @throws WrpcError `WRPC_VALUE_TRUNCATED`
   */
  end(): T {
    if (!this.#decoding.done)
      throw fail(
        "WRPC_VALUE_TRUNCATED",
        `value: ended after ${this.#decoding.received} bytes, before it was complete.`,
      );
    return this.#decoding.value as T;
  }
}

/**
 * Decodes bytes that hold exactly one value.
 *
 * @throws WrpcError `WRPC_VALUE_MALFORMED`, also for bytes behind the value
 * @throws WrpcError `WRPC_VALUE_TRUNCATED`, `WRPC_VALUE_TOO_LARGE`, `WRPC_TYPE_UNSUPPORTED`
 */
export function decode<T>(
  type: Type<T>,
  bytes: Uint8Array,
  limits?: ValueLimits,
): T {
  const decoding = new Decoding(codecOf(type), "", "value");
  if (!decoding.start(bytes, resolveValueLimits(limits)))
    throw fail(
      "WRPC_VALUE_TRUNCATED",
      `value: ended after ${bytes.length} bytes, before it was complete.`,
    );
  if (decoding.left !== 0)
    throw fail(
      "WRPC_VALUE_MALFORMED",
      `value: ${decoding.left} bytes behind the end of the value.`,
    );
  return decoding.value as T;
}

const nothing = new Uint8Array(0);

// A reader whose value came in one piece is free again at once, which is the common case.
let spare: Reader | undefined;

/** One value on its way. For the transport: throws what {@link Decoder} throws. */
export class Decoding {
  readonly #codec: Codec;
  readonly #func: string;
  readonly #root: string;
  #reader: Reader | undefined;
  /** The value once `done`. */
  value: unknown = undefined;
  done = false;
  /** Bytes given so far, as long as not `done`. */
  received = 0;
  /** Bytes behind the value, once `done`. */
  left = 0;

  /** For `func` and `root` see `encodeWith`. */
  constructor(codec: Codec, func: string, root: string) {
    this.#codec = codec;
    this.#func = func;
    this.#root = root;
  }

  /** First bytes; true if the value is complete. */
  start(chunk: Uint8Array, limits: ResolvedValueLimits): boolean {
    let reader = spare;
    spare = undefined;
    if (reader === undefined) reader = new Reader(limits);
    reader.reset(chunk, limits);
    return this.#run(reader);
  }

  /** More bytes; true if the value is complete. */
  push(chunk: Uint8Array): boolean {
    const reader = this.#reader;
    // Done, or failed before: what comes behind means nothing.
    if (reader === undefined) return this.done;
    reader.feed(chunk);
    return this.#run(reader);
  }

  #run(reader: Reader): boolean {
    const { limits } = reader;
    const value = this.#codec.decode(reader);
    if (value === HALT && reader.fault === undefined) {
      this.received = reader.received;
      if (this.received < limits.maxBytes) {
        this.#reader = reader;
        return false;
      }
    }
    this.#reader = undefined;
    if (value !== HALT && !reader.exceeds(0)) {
      this.value = value;
      this.done = true;
      this.left = reader.bytes.length - reader.pos;
      reader.release();
      spare = reader;
      return true;
    }
    const { fault } = reader;
    throw fail(
      fault?.code ?? "WRPC_VALUE_TOO_LARGE",
      `${placeOf(this.#func, this.#root)}${reader.path()}: ${fault?.problem ?? `more than \`maxBytes\` (${limits.maxBytes}) bytes`}.`,
    );
  }
}
