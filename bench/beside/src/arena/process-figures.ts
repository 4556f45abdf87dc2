import { readdirSync, readFileSync } from "node:fs";

/** Ticks of `/proc/PID/stat` in a second, on every Linux that Node.js runs on. */
const ticksPerSecond = 100;

/** Processor time that a process has used, in all threads, user and system. */
export function cpuSeconds(pid: number): number {
  return ticksOf(readFileSync(`/proc/${pid}/stat`, "utf8")) / ticksPerSecond;
}

/** utime + stime of a line of `/proc/PID/stat`. The name in it may hold blanks and brackets. */
export function ticksOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** A memory figure of a process, in MiB: what is resident now, or was at most. */
export function memoryMiB(pid: number, which: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kib = new RegExp(`^${which}:\\s+(\\d+) kB`, "m").exec(status)?.[1];
  return Number(kib) / 1024;
}

/** Open files and sockets of a process. */
export function handles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
