import { pino, type DestinationStream } from "pino";

import type { LogLevel } from "./log-level.js";
import { textLine, type LogEntry } from "./log-line.js";

/** Bytes of lines that may wait for whoever reads them. More are dropped, counted and told. */
const mostWaiting = 1024 * 1024;
/** How often a full pipe is tried again when the process ends: 100 ms each. */
const lastTries = 3;

/** How lines look and which are written. */
export interface LogOptions {
  readonly level: LogLevel;
  /** Whether each line is a JSON object. */
  readonly structured: boolean;
}

/** Writes log lines to a file descriptor. Never blocks, never throws, never fails the process. */
export class Logger {
  readonly #destination;
  readonly #pino;
  readonly #colour: boolean;
  #structured = false;
  #dropped = 0;
  #ending = 0;

  /** @param fd Default: standard error */
  constructor(fd = 2, colour = false) {
    this.#colour = colour;
    this.#destination = pino.destination({
      fd,
      sync: false,
      maxLength: mostWaiting,
      retryEAGAIN: () => this.#ending === 0 || this.#ending++ < lastTries,
    });
    this.#destination.on("drop", () => this.#dropped++);
    this.#destination.on("drain", () => this.#tellDropped());
    // Whoever read it is gone. That is no reason to end.
    this.#destination.on("error", () => undefined);
    const stream: DestinationStream = {
      write: (line) => {
        this.#destination.write(
          this.#structured
            ? line
            : `${textLine(JSON.parse(line) as LogEntry, this.#colour)}\n`,
        );
      },
    };
    this.#pino = pino(
      {
        base: null,
        level: "info",
        timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
        formatters: { level: (label) => ({ level: label.toUpperCase() }) },
        nestedKey: "fields",
      },
      stream,
    );
  }

  configure({ level, structured }: LogOptions): void {
    this.#pino.level = level;
    this.#structured = structured;
  }

  log(
    level: LogLevel,
    target: string,
    message: string,
    fields: Readonly<Record<string, unknown>> = {},
  ): void {
    if (!this.#pino.isLevelEnabled(level)) return;
    this.#pino.child({ target })[level]({ message, ...fields });
  }

  /** Writes what still waits, as far as that goes without waiting for a reader that does not read. */
  end(): void {
    this.#ending = 1;
    try {
      this.#destination.flushSync();
    } catch {
      // There is nobody left to tell.
    }
  }

  #tellDropped(): void {
    const dropped = this.#dropped;
    if (dropped === 0) return;
    this.#dropped = 0;
    this.log(
      "warn",
      "keyturn_messaging",
      `${dropped} log lines could not be written. Check where the host's standard error goes.`,
      { code: "MESSAGING_LOG_UNWRITABLE" },
    );
  }
}
