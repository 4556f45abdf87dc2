import { Parser, type ParserEvent } from "./nats-core.js";

/** What a {@link StreamParser} reads for. */
export interface StreamReader {
  /** The parser of the stream that is read now. */
  readonly parser: Parser;
  push(event: ParserEvent): void;
  /** The stream makes no sense: it has to end here. */
  onStreamFault(error: Error): void;
}

/**
 * nats.js' parser, for a stream that may turn out not to be NATS. nats.js' own reader stops then without
 * telling anybody, and prints what it read, messages included.
 */
export class StreamParser extends Parser {
  readonly #reader: StreamReader;

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
      super.parse(chunk);
    } catch (cause) {
      if (this.#reader.parser !== this) throw cause;
      // Without the cause: its message is what was read.
      this.#reader.onStreamFault(
        new Error("the server sent something that is not NATS"),
      );
    }
  }
}
