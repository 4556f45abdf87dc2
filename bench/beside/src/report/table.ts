import { compare } from "../statistics/noise.js";
import { median, quantile } from "../statistics/statistics.js";
import { metrics, shown, type Metric } from "../scenarios/metrics.js";
import type { Target } from "../scenarios/scenario.js";
import { valuesOf, type Outcome } from "../run-scenario.js";

/** One metric of one scenario, of all who took part. */
export interface Row {
  readonly scenario: string;
  readonly metric: Metric;
  readonly figures: readonly Figure[];
  /** Of the first to the second. */
  readonly ratio: number | undefined;
  /** Whether the two differ by more than noise. */
  readonly differs: boolean;
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
}

/** Rows of an outcome: the first contender is ours, the second the one it is beside. */
export function rowsOf(
  { scenario, results }: Outcome,
  hasTargets = true,
): Row[] {
  return scenario.shows.flatMap((metric) => {
    const sets = results.map(({ samples }) => valuesOf(samples, metric));
    if (sets.every((values) => values.length === 0)) return [];
    const figures = sets.map((values, i) => ({
      contender: results[i]?.contender.name ?? "",
      median: median(values),
      low: quantile(values, 0.25),
      high: quantile(values, 0.75),
    }));
    const [ours = [], theirs = []] = sets;
    const divisor = figures[1]?.median ?? Number.NaN;
    const quotient = (figures[0]?.median ?? Number.NaN) / divisor;
    const ratio = Number.isFinite(quotient) ? quotient : undefined;
    const target = !hasTargets
      ? undefined
      : scenario.targets?.find((each) => each.metric === metric);
    return [
      {
        scenario: scenario.name,
        metric,
        figures,
        ratio,
        differs: theirs.length > 0 && compare(ours, theirs) !== "noise",
        target,
        isMet: target && isMet(target, figures[0]?.median, ratio),
      },
    ];
  });
}

function isMet(
  target: Target,
  figure: number | undefined,
  ratio: number | undefined,
): boolean | undefined {
  const value = target.ratio === undefined ? figure : ratio;
  const limit = target.ratio ?? target.figure;
  if (value === undefined || limit === undefined) return undefined;
  return target.is === "at most" ? value <= limit : value >= limit;
}

/** The table as it is printed on a terminal. */
export function terminalTable(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap(contendersOf))];
  const cells = [
    ["", "", ...names, "ratio", "target"],
    ...rows.map((row, i) => [
      rows[i - 1]?.scenario === row.scenario ? "" : row.scenario,
      metrics[row.metric].title,
      ...names.map((name) => figureCell(row, name)),
      ratioCell(row),
      targetCell(row),
    ]),
  ];
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((line) => line[column]?.length ?? 0)),
  );
  return cells
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function contendersOf({ figures }: Row): string[] {
  return figures.map(({ contender }) => contender);
}

/** Median, and the quartiles if they differ. */
export function figureCell(row: Row, contender: string): string {
  const figure = row.figures.find((each) => each.contender === contender);
  if (figure === undefined || Number.isNaN(figure.median)) return "";
  const [middle, low, high] = [figure.median, figure.low, figure.high].map(
    (value) => shown(row.metric, value),
  );
  if (low === high) return middle ?? "";
  const bare = (text = ""): string => text.replace(/[ /].*$/, "");
  return `${middle} (${bare(low)}–${bare(high)})`;
}

/** The ratio; `≈` before one that may be noise. */
export function ratioCell({ ratio, differs }: Row): string {
  if (ratio === undefined) return "";
  return `${differs ? "" : "≈ "}${ratio.toFixed(2)}`;
}

export function targetCell({ target, isMet: met, metric }: Row): string {
  if (target === undefined) return "";
  const { is, ratio, figure } = target;
  const limit =
    ratio === undefined ? shown(metric, figure ?? Number.NaN) : String(ratio);
  const verdict = met === undefined ? "" : met ? " ✔" : " ✖";
  return `${is} ${limit}${verdict}`;
}

/** In a sentence, what has become better or worse by more than noise. */
export function verdict(rows: readonly Row[], against: string): string {
  const differing = rows
    .filter(({ differs }) => differs)
    .map(({ scenario, metric, figures }) => {
      const [ours = Number.NaN, theirs = Number.NaN] = figures.map(
        (figure) => figure.median,
      );
      const isBetter = ours > theirs === (metrics[metric].better === "more");
      return `${scenario}, ${metrics[metric].title}: ${isBetter ? "better" : "worse"}, ${shown(metric, ours)} beside ${shown(metric, theirs)}`;
    });
  return differing.length === 0
    ? `Nothing differs from ${against} by more than noise.`
    : `Beside ${against}, more than noise as far as ranks at 5 % and medians 10 % apart can say:\n  ${differing.join("\n  ")}`;
}
