// What tests share: `keyturn` in this process, with streams that can be read.
import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import { runCli } from "../command/run-cli.js";
import { groups } from "../groups.js";

/** What came of a command. */
export interface Typed {
  readonly code: number;
  readonly stdout: string;
  readonly stdoutBytes: Buffer;
  readonly stderr: string;
}

/** What a command is typed with. */
export interface TypedOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly tty?: boolean;
  /** Ends a command that serves. Default: it ends at once. */
  readonly untilStopped?: () => Promise<unknown>;
}

/** Types a command, and waits for its end. */
export async function typed(
  args: readonly string[],
  {
    stdin = "",
    env = {},
    tty = false,
    untilStopped = () => Promise.resolve(),
  }: TypedOptions = {},
): Promise<Typed> {
  const stdout = Object.assign(new PassThrough(), { isTTY: tty });
  const stderr = Object.assign(new PassThrough(), { isTTY: tty });
  const out = buffer(stdout);
  const err = buffer(stderr);
  const code = await runCli({ version: "0.1.0", groups }, args, {
    stdin: Object.assign(Readable.from([Buffer.from(stdin)]), { isTTY: tty }),
    stdout,
    stderr,
    env,
    untilStopped,
  });
  stdout.end();
  stderr.end();
  const stdoutBytes = await out;
  return {
    code,
    stdout: stdoutBytes.toString("utf8"),
    stdoutBytes,
    stderr: (await err).toString("utf8"),
  };
}
