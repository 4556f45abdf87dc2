// What HostDouble starts in its own place when the host shall be killable: a process that starts
// the provider (its arguments), tells its id on descriptor 3, and waits.
import { spawn } from "node:child_process";
import { closeSync, writeSync } from "node:fs";

const [command, ...args] = process.argv.slice(2);
const child = spawn(command as string, args, { stdio: "inherit" });
child.on("error", (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
writeSync(3, String(child.pid ?? -1));
closeSync(3);
child.on("exit", (code, signal) => {
  if (signal !== null) process.kill(process.pid, signal);
  else process.exitCode = code ?? 1;
});
