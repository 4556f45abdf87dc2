/** What {@link FrameSplitter} reports: one protocol operation of the server, as it stood in the stream. */
export interface Frame {
  /** `MSG` and `HMSG` are `"message"`; the rest by their names. */
  readonly kind: "message" | "pong" | "ping" | "info" | "error" | "ok";
  /** The control line without its line end. */
  readonly line: Uint8Array;
  /** The whole frame, line end and payload included: what nats.js may be fed with. */
  readonly bytes: Uint8Array;
}

const kinds: readonly (readonly [string, Frame["kind"]])[] = [
  ["MSG ", "message"],
  ["HMSG ", "message"],
  ["PONG", "pong"],
  ["PING", "ping"],
  ["INFO ", "info"],
  ["-ERR ", "error"],
  ["+OK", "ok"],
];

/** The longest control line a server may send; INFO with many cluster URLs is the longest in use. */
export const maxControlLine = 1024 * 1024;

/**
 * Cuts a server's byte stream into whole protocol frames. Used only while a second socket is being
 * proved, so it is written for clearness; nats.js' own parser reads the stream in normal times.
 *
 * Protocol: the NATS client protocol, where each operation is one line ended by CR LF and `MSG`/`HMSG`
 * are followed by as many payload bytes as the last number of the line says, and CR LF.
 */
export class FrameSplitter {
  #rest: Buffer = Buffer.alloc(0);
  readonly #onFrame: (frame: Frame) => void;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /** Bytes of a frame that has begun but not ended: they stand before whatever comes next. */
  get rest(): Uint8Array {
    return this.#rest;
  }

  /**
   * Takes the next bytes in any portions.
   *
   * @throws Error if the stream is not NATS
   */
  feed(chunk: Uint8Array): void {
    const bytes =
      this.#rest.length === 0
        ? asBuffer(chunk)
        : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    while (start < bytes.length) {
      const end = this.#frameEnd(bytes, start);
      if (end === undefined) break;
      const lineEnd = bytes.indexOf("\r\n", start, "latin1");
      const line = bytes.subarray(start, lineEnd);
      this.#onFrame({
        kind: kindOf(line),
        line,
        bytes: bytes.subarray(start, end),
      });
      start = end;
    }
    this.#rest = bytes.subarray(start);
  }

  #frameEnd(bytes: Buffer, start: number): number | undefined {
    const lineEnd = bytes.indexOf("\r\n", start, "latin1");
    if (lineEnd === -1) {
      if (bytes.length - start > maxControlLine)
        throw new Error("control line without an end");
      return undefined;
    }
    const line = bytes.subarray(start, lineEnd);
    if (kindOf(line) !== "message") return lineEnd + 2;
    const size = Number(line.toString("latin1", line.lastIndexOf(0x20) + 1));
    if (!Number.isSafeInteger(size) || size < 0)
      throw new Error("message without a size");
    const end = lineEnd + 2 + size + 2;
    return end <= bytes.length ? end : undefined;
  }
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function kindOf(line: Buffer): Frame["kind"] {
  const head = line.toString("latin1", 0, 5).toUpperCase();
  for (const [name, kind] of kinds) if (head.startsWith(name)) return kind;
  throw new Error("unknown operation");
}
