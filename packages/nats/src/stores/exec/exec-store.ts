import type { Source } from "../../sources/credential-source.js";
import { badReference, secondsOf } from "../bad-reference.js";
import type { Maker } from "../material.js";
import type { Reference } from "../reference.js";
import { openStore, type StoreDefinition } from "../store-definition.js";
import { poll } from "../watching.js";
import { parseOutput } from "./parse-output.js";
import { runProcess, type Command } from "./run-process.js";

/** How long a program may take, in milliseconds: less than a refresh has. */
const defaultDeadlineMs = 9000;

/**
 * `exec:` what a program writes to stdout: `{"jwt": …, "seed": …, "expiry": …}`, or the text of a `.creds`
 * file. It is started without a shell, with the environment of this process, and asked again before the
 * expiry.
 */
export const execStore: StoreDefinition = openStore({
  forms: [
    "exec:/usr/local/bin/nats-creds",
    'exec:/usr/local/bin/nats-creds?args=["get","orders"]',
  ],
  parameters: ["args", "deadline", "poll"],
  openAs<T>({ text, authority, path, parameters }: Reference, make: Maker<T>) {
    if (authority !== "" || !path.startsWith("/") || path.endsWith("/"))
      throw badReference(
        "exec",
        "it does not name a program by its whole path",
        "Write `exec:/usr/local/bin/nats-creds`.",
      );
    return new ExecSource(
      {
        file: path,
        args: argumentsOf(parameters.get("args")),
        deadlineMs:
          secondsOf("exec", "deadline", parameters.get("deadline")) ??
          defaultDeadlineMs,
        where: text,
      },
      secondsOf("exec", "poll", parameters.get("poll")),
      make,
    );
  },
});

class ExecSource<T> implements Source<T> {
  readonly #command: Command;
  readonly #pollMs: number | undefined;
  readonly #make: Maker<T>;

  constructor(command: Command, pollMs: number | undefined, make: Maker<T>) {
    this.#command = command;
    this.#pollMs = pollMs;
    this.#make = make;
  }

  async read(signal: AbortSignal): Promise<T> {
    const { where } = this.#command;
    const output = await runProcess(this.#command, signal);
    const { material, expiresAt, version } = parseOutput(output, where);
    return this.#make(
      material,
      {
        source: where,
        plaintext: false,
        ...(version !== undefined && { version }),
      },
      expiresAt,
    );
  }

  watch(changed: () => void): () => void {
    return this.#pollMs === undefined
      ? () => undefined
      : poll(this.#pollMs, changed);
  }
}

function argumentsOf(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    list = undefined;
  }
  if (Array.isArray(list) && list.every((item) => typeof item === "string"))
    return list;
  throw badReference(
    "exec",
    "`args` is no list of texts in JSON",
    'Write `?args=["get","orders"]`.',
  );
}
