import { compare, type Verdict } from "../statistics/noise.js";
import { median, quantile } from "../statistics/statistics.js";
import { metrics, shown, type Metric } from "../scenarios/metrics.js";
import type { Target } from "../scenarios/scenario.js";
import { valuesOf, type Outcome } from "../run-scenario.js";

/** One metric of one scenario, of all who took part. */
export interface Row {
  readonly scenario: string;
  readonly metric: Metric;
  /** Ours first, then the one that it is beside, then others. */
  readonly figures: readonly Figure[];
  readonly target: Target | undefined;
  /** Whether the target is met; undefined without one. */
  readonly isMet: boolean | undefined;
}

/** The median of a contender's runs, and the quartiles around it. */
export interface Figure {
  readonly contender: string;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** Our median as a share of this one; undefined if that means nothing, and for ours. */
  readonly ratio: number | undefined;
  /** What ours is beside this one. */
  readonly ours: Verdict;
}

/** @param hasTargets whether the second contender is the one that the targets are about. Default true */
export function rowsOf(
  { scenario, results }: Outcome,
  hasTargets = true,
): Row[] {
  return scenario.shows.flatMap((metric) => {
    const sets = results.map(({ contender, samples }) => ({
      name: contender.name,
      values: valuesOf(samples, metric),
    }));
    const ours = sets[0]?.values ?? [];
    if (sets.every(({ values }) => values.length === 0)) return [];
    const figures = sets.map(({ name, values }, i) => ({
      contender: name,
      median: median(values),
      low: quantile(values, 0.25),
      high: quantile(values, 0.75),
      ratio: i === 0 ? undefined : share(median(ours), median(values)),
      ours: i === 0 ? ("noise" as const) : compare(ours, values),
    }));
    const target = hasTargets
      ? scenario.targets?.find((each) => each.metric === metric)
      : undefined;
    return [
      {
        scenario: scenario.name,
        metric,
        figures,
        target,
        isMet: target && isMet(target, figures),
      },
    ];
  });
}

function share(ours: number, theirs: number): number | undefined {
  return theirs > 0 && ours >= 0 ? ours / theirs : undefined;
}

function isMet(
  target: Target,
  figures: readonly Figure[],
): boolean | undefined {
  const value =
    target.ratio === undefined ? figures[0]?.median : figures[1]?.ratio;
  const limit = target.ratio ?? target.figure;
  if (value === undefined || limit === undefined) return undefined;
  return target.is === "at most" ? value <= limit : value >= limit;
}

/** In a sentence, what has become better or worse than the second contender by more than noise. */
export function verdict(rows: readonly Row[]): string {
  const against = rows[0]?.figures[1]?.contender ?? "";
  const differing = rows.flatMap(({ scenario, metric, figures }) => {
    const [ours, theirs] = figures;
    if (ours === undefined || theirs === undefined || theirs.ours === "noise")
      return [];
    const word = theirs.ours === metrics[metric].better ? "better" : "worse";
    return [
      `${scenario}, ${metrics[metric].title}: ${word}, ${shown(metric, ours.median)} beside ${shown(metric, theirs.median)}`,
    ];
  });
  return differing.length === 0
    ? `Nothing differs from ${against} by more than noise.`
    : `Beside ${against}, more than noise as far as ranks at 5 % and medians 10 % apart can say:\n  ${differing.join("\n  ")}`;
}
