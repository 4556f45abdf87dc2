import type { Arena } from "../arena/arena.js";
import type { DriverFlags } from "../arena/driver.js";
import { memoryMiB } from "../arena/process-figures.js";
import type { Metric } from "./metrics.js";
import type { Runs, Sample, Scenario, Target } from "./scenario.js";

const sizes = { "64B": 64, "1KiB": 1024, "64KiB": 65_536 } as const;

const shows: readonly Metric[] = [
  "perSecond",
  "cpu",
  "p50",
  "p99",
  "peakMiB",
  "lost",
  "unfinished",
  "serversCpu",
  "driverCpu",
];
const fromUnfinished: Target = {
  metric: "unfinished",
  is: "at most",
  figure: 0,
};
const fromLost: Target = { metric: "lost", is: "at most", figure: 0 };

/** As fast as it goes, with so many unanswered. */
function closedLoop(
  name: string,
  what: string,
  mode: string,
  flags: DriverFlags & { readonly count: number },
  targets: readonly Target[],
  withFloors: boolean,
): Scenario {
  return {
    name,
    what,
    shows,
    targets: [...targets, fromLost, fromUnfinished],
    rounds: { full: 5, quick: 4 },
    withFloors,
    async open(contender, stage) {
      const arena = await stage.open(contender);
      const share = stage.effort.isQuick ? 0.3 : 1;
      const all = { ...flags, count: Math.ceil(flags.count * share) };
      // Compilers and allocators of all processes have their say before anything counts, however quick.
      await arena.drive(mode, flags);
      return runsOf(arena, () => measure(arena, mode, all));
    },
  };
}

export function runsOf(arena: Arena, run: () => Promise<Sample>): Runs {
  return { run, close: () => arena.close() };
}

/** One run of the driver as a sample. */
export async function measure(
  arena: Arena,
  mode: string,
  flags: DriverFlags,
): Promise<Sample> {
  const result = await arena.drive(mode, flags);
  if (result.errors > 0)
    throw new Error(
      `${arena.contender.name}: ${result.errors} of ${result.messages} calls failed: ${result.firstError}`,
    );
  const { latencyMs, sendLagMs, cost } = result;
  return {
    perSecond: result.perSecond,
    cpu: cost.provider,
    serversCpu: cost.servers,
    driverCpu: cost.driver,
    ...(latencyMs && { p50: latencyMs.p50, p99: latencyMs.p99 }),
    ...(sendLagMs && { sendLag: sendLagMs.p99 }),
    peakMiB: memoryMiB(arena.host.pid, "VmHWM"),
    lost: result.lost,
    unfinished: result.unfinished,
  };
}

const ratio = (metric: Metric, is: Target["is"], of: number): Target => ({
  metric,
  is,
  ratio: of,
});

const deliveries = Object.entries(sizes).map(([name, size]) =>
  closedLoop(
    `delivery ${name}`,
    `${name} to a component that answers at once, 256 unanswered`,
    "deliver",
    { size, window: 256, count: size > 10_000 ? 5000 : 50_000 },
    size > 10_000
      ? [ratio("cpu", "at most", 1), ratio("perSecond", "at least", 1)]
      : [ratio("cpu", "at most", 0.5), ratio("perSecond", "at least", 1.5)],
    size >= 1024,
  ),
);

const calls = (["publish", "request"] as const).flatMap((mode) => [
  closedLoop(
    `${mode} 64`,
    `${mode} from a component, 1 KiB, 64 outstanding`,
    mode,
    { size: 1024, window: 64, count: 30_000 },
    [ratio("cpu", "at most", 0.6), ratio("perSecond", "at least", 1.2)],
    true,
  ),
  closedLoop(
    `${mode} 1`,
    `${mode} from a component, 1 KiB, one at a time`,
    mode,
    { size: 1024, window: 1, count: 5000 },
    [ratio("p50", "at most", 1.1), ratio("p99", "at most", 1.1)],
    true,
  ),
]);

export const throughput: readonly Scenario[] = [...deliveries, ...calls];
