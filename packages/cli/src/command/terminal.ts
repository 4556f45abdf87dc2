import type { Readable, Writable } from "node:stream";

import { errorChain, isKeyturnError } from "@keyturn/nats";

/** What a command meets: streams, environment, signals. */
export interface Surroundings {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Resolves when the command is to end, and not before it is asked to. */
  readonly untilStopped: () => Promise<unknown>;
}

/** Makes text bold or coloured, where that is wanted. */
export interface Style {
  bold(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
}

/** How a command speaks. Results go to standard output, everything else to standard error. */
export class Terminal {
  readonly surroundings: Surroundings;
  /** Whether results and errors are JSON. */
  readonly json: boolean;

  constructor(surroundings: Surroundings, json: boolean) {
    this.surroundings = surroundings;
    this.json = json;
  }

  /** Style for standard output. */
  get style(): Style {
    return this.#style(this.surroundings.stdout);
  }

  /** The result: `value` as one line of JSON with `--json`, else `text`. */
  show(value: unknown, text: string): void {
    const shown = this.json ? JSON.stringify(value) : text;
    if (shown !== "")
      this.surroundings.stdout.write(
        shown.endsWith("\n") ? shown : `${shown}\n`,
      );
  }

  /** Something a person may want to know; not part of the result. */
  note(text: string): void {
    this.#tell({ note: text }, text);
  }

  warn(text: string): void {
    const head = this.#style(this.surroundings.stderr).yellow("warning:");
    this.#tell({ warning: text }, `${head} ${text}`);
  }

  /** Why the command failed, and what to type next. */
  fail(error: unknown): void {
    const message = plain(errorChain(error));
    const head = this.#style(this.surroundings.stderr).red("error:");
    this.#tell(
      {
        error: {
          code: isKeyturnError(error) ? error.code : "CLI_UNEXPECTED",
          message,
        },
      },
      `${head} ${message}`,
    );
  }

  /** Waits until the command is to end: for a signal. */
  async untilStopped(): Promise<void> {
    await this.surroundings.untilStopped();
  }

  #tell(value: unknown, text: string): void {
    this.surroundings.stderr.write(
      `${this.json ? JSON.stringify(value) : text}\n`,
    );
  }

  #style(stream: Surroundings["stdout"]): Style {
    const { env } = this.surroundings;
    const noColour = env["NO_COLOR"];
    const isWanted =
      stream.isTTY === true &&
      (noColour === undefined || noColour === "") &&
      env["TERM"] !== "dumb" &&
      !this.json;
    const with_ =
      (code: number) =>
      (text: string): string =>
        isWanted ? `\u001B[${code}m${text}\u001B[0m` : text;
    return { bold: with_(1), red: with_(31), yellow: with_(33) };
  }
}

/** Nothing that comes from outside may speak to a terminal. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}
