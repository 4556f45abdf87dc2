import type { Contender } from "./arena/contender.js";
import type { Metric } from "./scenarios/metrics.js";
import type { Runs, Sample, Scenario, Stage } from "./scenarios/scenario.js";

/** All runs of a scenario. */
export interface Outcome {
  readonly scenario: Scenario;
  readonly results: readonly {
    readonly contender: Contender;
    readonly samples: readonly Sample[];
  }[];
}

/**
 * Runs a scenario for each contender in turns (A B A B …), so that what else the machine does is
 * shared by all. In every other round they go the other way round.
 */
export async function runScenario(
  scenario: Scenario,
  contenders: readonly Contender[],
  stage: Stage,
): Promise<Outcome> {
  const open: { contender: Contender; runs: Runs; samples: Sample[] }[] = [];
  try {
    for (const contender of contenders) {
      const runs = await scenario.open(contender, stage);
      open.push({ contender, runs, samples: [] });
    }
    await scenario.prepare?.(open.map(({ runs }) => runs));
    const { full, quick } = scenario.rounds;
    const rounds = stage.effort.isQuick ? Math.max(1, quick) : full;
    for (let round = 0; round < rounds; round++) {
      for (const each of round % 2 === 0 ? open : open.toReversed())
        each.samples.push(await each.runs.run());
    }
  } finally {
    for (const { runs } of open) await runs.close();
  }
  return {
    scenario,
    results: open.map(({ contender, samples }) => ({ contender, samples })),
  };
}

/** The values of a metric in all runs that have it. */
export function valuesOf(samples: readonly Sample[], metric: Metric): number[] {
  return samples
    .map((sample) => sample[metric])
    .filter((value) => value !== undefined);
}
