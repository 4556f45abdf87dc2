import { setTimeout as pause } from "node:timers/promises";

import { memoryMiB } from "../arena/process-figures.js";
import type { Scenario } from "./scenario.js";

const restMs = 3000;

/** What is resident before there is anything to do, and after much. */
export const memory: readonly Scenario[] = [
  {
    name: "memory idle",
    what: "resident three seconds after the start, two links",
    shows: ["memoryMiB"],
    targets: [{ metric: "memoryMiB", is: "at most", figure: 80 }],
    rounds: { full: 1, quick: 1 },
    withExecutable: true,
    async open(contender, stage) {
      const arena = await stage.open(contender);
      return {
        async run() {
          await pause(restMs);
          return { memoryMiB: memoryMiB(arena.host.pid, "VmRSS") };
        },
        close: () => arena.close(),
      };
    },
  },
  {
    name: "memory 1M",
    what: "resident three seconds after 1,000,000 deliveries of 1 KiB, 256 unanswered",
    shows: ["memoryMiB", "peakMiB", "lost", "unfinished"],
    targets: [
      { metric: "memoryMiB", is: "at most", figure: 120 },
      { metric: "lost", is: "at most", figure: 0 },
      { metric: "unfinished", is: "at most", figure: 0 },
    ],
    rounds: { full: 1, quick: 0 },
    async open(contender, stage) {
      const arena = await stage.open(contender);
      return {
        async run() {
          const { lost, unfinished } = await arena.start("deliver", {
            size: 1024,
            window: 256,
            count: 1_000_000,
          }).result;
          await pause(restMs);
          return {
            memoryMiB: memoryMiB(arena.host.pid, "VmRSS"),
            peakMiB: memoryMiB(arena.host.pid, "VmHWM"),
            lost,
            unfinished,
          };
        },
        close: () => arena.close(),
      };
    },
  },
];
