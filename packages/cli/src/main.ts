#!/usr/bin/env node
import { once } from "node:events";
import { createRequire } from "node:module";

import { exitCodes } from "./command/exit-codes.js";
import { runCli } from "./command/run-cli.js";
import { groups } from "./groups.js";

const { version } = createRequire(import.meta.url)("../package.json") as {
  version: string;
};

// A reader that has seen enough (`keyturn … | head`) ends the command without further words.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(exitCodes.failed);
});
// Notes that nobody reads any more are no reason to end what serves.
process.stderr.on("error", () => {});

process.exitCode = await runCli({ version, groups }, process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  untilStopped: () =>
    Promise.race(["SIGINT", "SIGTERM"].map((signal) => once(process, signal))),
});
