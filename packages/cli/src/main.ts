#!/usr/bin/env node
import { once } from "node:events";
import { createRequire } from "node:module";

import { runCli } from "./command/run-cli.js";
import { groups } from "./groups.js";

const { version } = createRequire(import.meta.url)("../package.json") as {
  version: string;
};

// A reader that has seen enough (`keyturn … | head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

process.exitCode = await runCli({ version, groups }, process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  untilStopped: () =>
    Promise.race(["SIGINT", "SIGTERM"].map((signal) => once(process, signal))),
});
