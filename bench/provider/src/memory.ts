import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

import type { Room } from "./room.js";

/** Resident memory of the provider's process a second from now, in MiB. */
export async function measureMemory(
  room: Room,
): Promise<{ readonly residentMiB: number }> {
  await pause(1000);
  return { residentMiB: memoryOf(room.host.pid, "VmRSS") };
}

/** A memory figure of a process, in MiB: what is resident now, or was at most. Linux only. */
export function memoryOf(pid: number, which: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kib = new RegExp(`^${which}:\\s+(\\d+) kB`, "m").exec(status)?.[1];
  return Math.round(Number(kib) / 1024);
}
