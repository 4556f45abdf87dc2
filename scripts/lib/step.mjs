// One step of a script: a child process whose output is shown only if it fails.
import { spawn } from "node:child_process";
import { root } from "./workspace.mjs";

/** A failure that needs no stack trace: the message says all. */
export class StepFailed extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * Runs a command quietly.
 *
 * @param {string} what What the reader is told while they wait, and when it fails.
 * @param {string} command
 * @param {string[]} args
 * @param {{ say?: (line: string) => void, cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 * `say` gets one line before, one every 20 seconds and one after; without it nothing is said unless
 * it fails. A command that takes longer than `timeoutMs` is ended and has failed.
 * @returns {Promise<string>} The standard output.
 */
export async function step(what, command, args, options = {}) {
  const started = performance.now();
  options.say?.(`${what} …`);
  const waiting = setInterval(
    () => options.say?.(`${what}: ${seconds(started)} so far`),
    20_000,
  );
  const result = await new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: options.timeoutMs,
    });
    let stdout = "";
    let all = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      all += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => (all += text));
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, all }));
  }).finally(() => clearInterval(waiting));
  if (result.code !== 0) {
    const how = result.signal ?? `exit code ${result.code}`;
    throw new StepFailed(
      `${result.all.trimEnd()}\n${what}: failed (${how}).\nThe command was: ${[command, ...args].join(" ")}`,
      result.code ?? 1,
    );
  }
  options.say?.(`${what}: done in ${seconds(started)}`);
  return result.stdout;
}

/** Time since `started` (of `performance.now()`), for people. */
export function seconds(started) {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}

/** Runs the main function of a script: a failed step is told in its own words, without a stack. */
export async function main(run) {
  try {
    await run();
  } catch (error) {
    console.error(error instanceof StepFailed ? error.message : error);
    process.exitCode =
      (error instanceof StepFailed ? error.exitCode : undefined) ?? 1;
  }
}
