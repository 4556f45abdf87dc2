import { spawn } from "node:child_process";

import { fail } from "../../errors/nats-errors.js";
import { Secret } from "../../secret/secret.js";

/** What a process may write, in bytes. */
export const mostOutput: number = 256 * 1024;
/** What is kept of what it says beside that, for the error, in bytes. */
const mostComplaint = 2048;

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly deadlineMs: number;
  /** What it reads. Default: nothing. */
  readonly input?: Uint8Array;
  /** For messages: the reference. */
  readonly where: string;
}

/**
 * Runs a program without a shell and gives what it writes. It and all that it has started in its group
 * are gone when this ends.
 *
 * @throws KeyturnError `STORE_UNREADABLE`, with the last that it wrote to stderr
 */
export async function runProcess(
  { file, args, deadlineMs, input, where }: Command,
  signal: AbortSignal,
): Promise<Secret> {
  signal.throwIfAborted();
  const output = new Uint8Array(mostOutput);
  let length = 0;
  let complaint = Buffer.alloc(0);
  let why: string | undefined;
  // A group of its own, so that what it starts can be ended with it.
  const child = spawn(file, args, {
    detached: process.platform !== "win32",
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
  });
  const end = (reason: string): void => {
    why ??= reason;
    endGroup(child.pid);
    // A grandchild in another group may still hold them.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const onAbort = (): void => end("nobody waits for it any more");
  signal.addEventListener("abort", onAbort);
  const timer = setTimeout(
    () => end(`it took longer than ${deadlineMs / 1000} s`),
    deadlineMs,
  );
  child.stdout.on("data", (chunk: Buffer) => {
    const isTooMuch = length + chunk.length > mostOutput;
    if (!isTooMuch) output.set(chunk, length);
    length += isTooMuch ? 0 : chunk.length;
    chunk.fill(0);
    if (isTooMuch) end(`it wrote more than ${mostOutput} bytes`);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    complaint = Buffer.concat([complaint, chunk]).subarray(-mostComplaint);
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  try {
    const failure = await new Promise<unknown>((resolve) => {
      child.once("error", resolve);
      child.once("close", (code, by) => {
        if (code !== 0)
          why ??= by === null ? `it ended with ${code}` : `${by} ended it`;
        resolve(undefined);
      });
    });
    signal.throwIfAborted();
    const problem =
      failure === undefined ? why : `it cannot be started (${codeOf(failure)})`;
    if (problem === undefined) return Secret.fromBytes(output.slice(0, length));
    throw fail(
      "STORE_UNREADABLE",
      `The program of ${where} gave no credential: ${problem}${quoted(complaint)}.`,
      {
        next: "Run it by hand as the user that this process runs as; it is tried again.",
        cause: failure,
      },
    );
  } finally {
    output.fill(0);
    complaint.fill(0);
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    endGroup(child.pid);
  }
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** As long as no word of a language is, and shorter than any seed, JWT or generated token. */
const longestWord = 24;

/** The last lines, without anything that could be a secret, of which no string is made. */
function quoted(complaint: Buffer): string {
  let start = 0;
  for (let at = 0; at <= complaint.length; at++) {
    if (at < complaint.length && isWord(complaint[at] ?? 0)) continue;
    if (at - start >= longestWord) complaint.fill(0x2e, start, at);
    start = at + 1;
  }
  const text = complaint
    .toString("utf8")
    .replace(/[^\P{C}\n]/gu, "")
    .replace(/\.{24,}/g, "…")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(-3)
    .join(" / ");
  return text === "" ? "" : `; it said: ${text.slice(-400)}`;
}

/** What base64, base32 and hexadecimal are written with, and the dots of a JWT. */
function isWord(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    "+/=_.-".includes(String.fromCharCode(code))
  );
}

function codeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code ?? "unknown";
}
