import { Kind, Parser, type ParserEvent } from "./nats-core.js";
import { maxControlLine } from "./frames.js";
import { readMessageLine, type WireMessage } from "./wire-message.js";

/** What a {@link StreamParser} reads for. */
export interface StreamReader {
  /** The parser of the stream that is read now. */
  readonly parser: Parser;
  push(event: ParserEvent): void;
  /** The stream makes no sense: it has to end here. */
  onStreamFault(error: Error): void;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const none: Buffer = Buffer.alloc(0);

/**
 * Reads the stream of a server: messages by itself, all else by nats.js' parser. That one looks at each byte of
 * a message's control line in turn, makes views of its parts, and lets large payloads grow piece by
 * piece (a fifth of what a request of a component costs: `npm run bench -- beside "request 64"`).
 *
 * The stream may turn out not to be NATS. nats.js' own reader stops then without telling anybody, and
 * prints what it read, messages included.
 */
export class StreamParser extends Parser {
  readonly #reader: StreamReader;
  /** A control line whose end has not come. */
  #line = none;
  /** A message whose payload has not come to its end. */
  #message: WireMessage | undefined;
  #payload = none;
  /** How much of the payload, and of the line end behind it, has come. */
  #filled = 0;

  constructor(reader: StreamReader) {
    super({
      push: (event) => {
        if (typeof event !== "function") reader.push(event);
      },
    });
    this.#reader = reader;
  }

  /** @throws if the stream is one that was left already */
  override parse(chunk: Uint8Array): void {
    try {
      this.#read(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    } catch (cause) {
      if (this.#reader.parser !== this) throw cause;
      // Without the cause: its message is what was read.
      this.#reader.onStreamFault(
        new Error("the server sent something that is not NATS"),
      );
    }
  }

  #read(chunk: Buffer): void {
    let at = this.#message === undefined ? 0 : this.#fill(chunk, 0);
    while (at < chunk.length) {
      const end = chunk.indexOf(lineFeed, at) + 1;
      if (end === 0) return this.#keep(chunk.subarray(at));
      if (this.#line.length === 0) at = this.#readLine(chunk, at, end);
      else {
        const line = Buffer.concat([this.#line, chunk.subarray(at, end)]);
        this.#line = none;
        this.#readLine(line, 0, line.length);
        at = end;
      }
      if (this.#message !== undefined) at = this.#take(chunk, at);
    }
  }

  /** @returns where it ends */
  #readLine(bytes: Buffer, start: number, end: number): number {
    const isMessage = startsMessage(bytes[start]);
    if (!isMessage) super.parse(bytes.subarray(start, end));
    else {
      const isCrLf = bytes[end - 2] === carriageReturn;
      this.#message = readMessageLine(
        bytes.toString("utf8", start, end - (isCrLf ? 2 : 1)),
      );
    }
    return end;
  }

  /** The payload, if all of it is there, without copying. @returns where it ends */
  #take(chunk: Buffer, at: number): number {
    const message = this.#message as WireMessage;
    const end = at + message.size;
    if (end + 2 > chunk.length) {
      this.#payload = Buffer.allocUnsafe(message.size);
      this.#filled = 0;
      return this.#fill(chunk, at);
    }
    if (chunk[end] !== carriageReturn || chunk[end + 1] !== lineFeed)
      throw new Error("a message does not end where it should");
    this.#message = undefined;
    this.dispatcher.push({
      kind: Kind.MSG,
      msg: message,
      data: chunk.subarray(at, end),
    });
    return end + 2;
  }

  /** Another part of a payload. @returns where it ends */
  #fill(chunk: Buffer, start: number): number {
    const message = this.#message as WireMessage;
    let at = start;
    if (this.#filled < message.size) {
      const copied = chunk.copy(this.#payload, this.#filled, at);
      this.#filled += copied;
      at += copied;
    }
    for (; at < chunk.length && this.#filled < message.size + 2; at++) {
      const wanted =
        this.#filled++ === message.size ? carriageReturn : lineFeed;
      if (chunk[at] !== wanted)
        throw new Error("a message does not end where it should");
    }
    if (this.#filled < message.size + 2) return at;
    const data = this.#payload;
    this.#message = undefined;
    this.#payload = none;
    this.dispatcher.push({ kind: Kind.MSG, msg: message, data });
    return at;
  }

  #keep(line: Buffer): void {
    if (this.#line.length === 0 && !startsOperation(line[0]))
      throw new Error("unknown operation");
    if (this.#line.length + line.length > maxControlLine)
      throw new Error("control line without an end");
    this.#line = Buffer.concat([this.#line, line]);
  }
}

/** M or H. */
function startsMessage(byte = 0): boolean {
  const letter = byte & 0xdf;
  return letter === 0x4d || letter === 0x48;
}

/** What INFO, PING, PONG, +OK, -ERR, MSG and HMSG begin with. */
function startsOperation(byte = 0): boolean {
  return "MHPI+-mhpi".includes(String.fromCharCode(byte));
}
