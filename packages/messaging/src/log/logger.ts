import { pino, type DestinationStream } from "pino";

import type { LogLevel } from "./log-level.js";
import { textLine, type LogEntry } from "./log-line.js";

/** Bytes of lines that may wait for whoever reads them. More are dropped, counted and told. */
const mostWaiting = 1024 * 1024;
/** After so long without an end a write is taken for stuck, in milliseconds. */
const stuckMs = 500;

/** Lines that may wait until it is known how to write them. */
const mostEarly = 1000;

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
  /** What came before it was known how to write it. */
  #early: (() => void)[] | undefined = [];
  #dropped = 0;
  /** When the write under way began; `Infinity` if there is none. */
  #writingSince = Infinity;

  /** @param fd Default: standard error */
  constructor(fd = 2, colour = false) {
    this.#colour = colour;
    this.#destination = pino.destination({
      fd,
      sync: false,
      maxLength: mostWaiting,
    });
    this.#destination.on("drop", () => this.#dropped++);
    this.#destination.on("drain", () => {
      this.#writingSince = Infinity;
      this.#tellDropped();
    });
    // Whoever read it is gone. That is no reason to end.
    this.#destination.on("error", () => undefined);
    const stream: DestinationStream = {
      write: (line) => {
        if (this.#writingSince === Infinity)
          this.#writingSince = performance.now();
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

  /** Lines dropped since that was last told. */
  get dropped(): number {
    return this.#dropped;
  }

  /** How lines look and which are written; until then they wait. */
  configure({ level, structured }: LogOptions): void {
    this.#pino.level = level;
    this.#structured = structured;
    this.#writeEarly();
  }

  log(
    level: LogLevel,
    target: string,
    message: string,
    fields: Readonly<Record<string, unknown>> = {},
  ): void {
    if (this.#early !== undefined && this.#early.length < mostEarly) {
      this.#early.push(() => this.log(level, target, message, fields));
      return;
    }
    if (!this.#pino.isLevelEnabled(level)) return;
    this.#pino.child({ target })[level]({ message, ...fields });
  }

  /**
   * Writes what still waits.
   *
   * @returns false if nobody has been reading for a while: a write is stuck in a thread then, and the
   *   process cannot end in the ordinary way
   */
  end(): boolean {
    this.#writeEarly();
    if (performance.now() - this.#writingSince > stuckMs) return false;
    try {
      this.#destination.flushSync();
    } catch {
      // There is nobody left to tell.
    }
    return true;
  }

  #writeEarly(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const write of early) write();
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
