import { measure } from "./throughput.js";
import type { Scenario } from "./scenario.js";

/** Far more at once than the component can take. */
export const burst: Scenario = {
  name: "burst",
  what: "200,000 messages of 1 KiB at once, onto a component that takes 10 ms for each",
  shows: ["peakMiB", "lost", "unfinished", "perSecond", "cpu", "serversCpu"],
  targets: [
    { metric: "peakMiB", is: "at most", figure: 256 },
    { metric: "lost", is: "at most", figure: 0 },
    { metric: "unfinished", is: "at most", figure: 0 },
  ],
  rounds: { full: 4, quick: 1 },
  async open(contender, stage) {
    return {
      async run() {
        await using arena = await stage.open(contender);
        return await measure(arena, "deliver", {
          size: 1024,
          count: 200_000,
          handler: "10ms",
        });
      },
      close: () => Promise.resolve(),
    };
  },
};
