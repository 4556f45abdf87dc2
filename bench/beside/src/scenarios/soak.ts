import { setTimeout as pause } from "node:timers/promises";

import type { Arena } from "../arena/arena.js";
import { handles, memoryMiB } from "../arena/process-figures.js";
import { slope } from "../statistics/statistics.js";
import type { Sample, Scenario } from "./scenario.js";

const rate = 2000;
/**
 * What is left of this at the beginning does not count: compilers and pools grow at first, and V8 lets the old
 * generation fill before it collects it for the first time, after some two minutes of this.
 */
const warmUpSeconds = 150;

/** Traffic of all kinds for a long time. All contenders are at it at once. */
export const soak: Scenario = {
  name: "soak",
  what: `${rate} operations a second, a third each of deliveries, publishes and requests, 1 KiB`,
  shows: ["kibPerMinute", "memoryMiB", "peakMiB", "handles", "cpu", "lost"],
  targets: [
    // Less cannot be told from nothing within some minutes.
    { metric: "kibPerMinute", is: "at most", figure: 1024 },
    { metric: "lost", is: "at most", figure: 0 },
  ],
  rounds: { full: 1, quick: 0 },
  async open(contender, stage) {
    const arena = await stage.open(contender);
    const sample = soaking(arena, stage.effort.soakSeconds);
    sample.catch(() => undefined);
    return { run: () => sample, close: () => arena.close() };
  },
};

async function soaking(arena: Arena, seconds: number): Promise<Sample> {
  const { pid } = arena.host;
  const warmUp = Math.min(warmUpSeconds, seconds * 0.75);
  const driver = arena.start("mixed", { rate, size: 1024 });
  await driver.ready;
  const before = arena.cpu();
  const memory: [number, number][] = [];
  const began = performance.now();
  let handlesAtFirst: number | undefined;
  for (;;) {
    await pause(1000);
    const at = (performance.now() - began) / 1000;
    if (at < warmUp) continue;
    handlesAtFirst ??= handles(pid);
    memory.push([at / 60, memoryMiB(pid, "VmRSS") * 1024]);
    if (at >= seconds) break;
  }
  driver.end();
  const { messages, lost } = await driver.result;
  return {
    kibPerMinute: slope(memory),
    memoryMiB: memoryMiB(pid, "VmRSS"),
    peakMiB: memoryMiB(pid, "VmHWM"),
    handles: handles(pid) - (handlesAtFirst ?? Number.NaN),
    cpu: ((arena.cpu().provider - before.provider) * 100_000) / messages,
    lost,
  };
}
