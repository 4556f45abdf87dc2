import { measure } from "./throughput.js";
import type { Runs, Scenario, Target } from "./scenario.js";

/** Messages at a rate, or at a share of what the slower contender can take. */
type Rate = { readonly perSecond: number } | { readonly share: number };

interface LatencyRuns extends Runs {
  readonly capacity: () => Promise<number>;
  rate: number;
}

const likeTheOther: readonly Target[] = [
  { metric: "p50", is: "at most", ratio: 1.1 },
  { metric: "p99", is: "at most", ratio: 1.1 },
];

/** Time from when a message was due to when the component has it; who is late counts as late. */
function latency(
  name: string,
  size: number,
  rate: Rate,
  targets: readonly Target[] = [],
  quick = 0,
): Scenario {
  const isShare = "share" in rate;
  return {
    name: `latency ${name}`,
    what: `from when a message of ${size} bytes is due until the component has it, ${isShare ? `at ${rate.share * 100} % of what the slower one can take` : `${rate.perSecond} a second`}`,
    shows: ["p50", "p99", "sendLag", "perSecond", "cpu", "serversCpu", "lost"],
    targets: [...targets, { metric: "lost", is: "at most", figure: 0 }],
    rounds: { full: 5, quick },
    async open(contender, stage): Promise<LatencyRuns> {
      const arena = await stage.open(contender);
      const flood = { size, window: 256, count: size > 10_000 ? 3000 : 20_000 };
      await arena.drive("deliver", flood);
      const seconds = stage.effort.isQuick ? 1 : 2.5;
      const runs: LatencyRuns = {
        rate: isShare ? Number.NaN : rate.perSecond,
        async capacity() {
          return (await arena.drive("deliver", flood)).perSecond;
        },
        run: () =>
          measure(arena, "deliver", {
            size,
            rate: runs.rate,
            // Nothing waits long at such rates; what has not come by then is lost.
            patience: "1s",
            count: Math.ceil(runs.rate * seconds),
          }),
        close: () => arena.close(),
      };
      return runs;
    },
    async prepare(all) {
      if (!isShare) return;
      const runs = all as readonly LatencyRuns[];
      const capacities: number[] = [];
      for (const each of runs) capacities.push(await each.capacity());
      const rounded = Math.floor(Math.min(...capacities) * rate.share);
      for (const each of runs) each.rate = rounded;
    },
  };
}

export const latencies: readonly Scenario[] = [
  latency("64B", 64, { perSecond: 1000 }, likeTheOther),
  latency("1KiB", 1024, { perSecond: 1000 }, likeTheOther, 4),
  latency("1KiB 20%", 1024, { share: 0.2 }),
  latency("1KiB 50%", 1024, { share: 0.5 }),
  latency("1KiB 80%", 1024, { share: 0.8 }),
  latency("64KiB 50%", 65_536, { share: 0.5 }),
];
