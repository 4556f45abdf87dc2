import { median } from "./statistics.js";

/** What can be said of two sets of runs. */
export type Verdict = "more" | "less" | "noise";

/** Below this share a difference means nothing on a machine of two shared cores. */
export const leastShare = 0.1;

/** So seldom may two sets of runs of the same thing differ so much. */
const level = 0.05;

/**
 * Whether `a` is more or less than `b`, or the difference is noise: it is none only if the ranks of
 * the runs say so (Mann-Whitney, exact, two-sided, 5 %) and the medians differ by 10 % at least.
 * Fewer than four runs on both sides can never say anything.
 */
export function compare(a: readonly number[], b: readonly number[]): Verdict {
  const [ours, theirs] = [median(a), median(b)];
  if (Math.abs(ours - theirs) < leastShare * Math.abs(theirs)) return "noise";
  if (mannWhitney(a, b) > level) return "noise";
  return ours > theirs ? "more" : "less";
}

/**
 * How likely ranks at least as far apart are if both sets are of one kind: two-sided, exact for
 * values without ties, cautious with them.
 */
export function mannWhitney(
  a: readonly number[],
  b: readonly number[],
): number {
  let wins = 0;
  for (const x of a) for (const y of b) wins += x > y ? 1 : x === y ? 0.5 : 0;
  const extreme = Math.floor(Math.min(a.length * b.length - wins, wins));
  const ways = waysToWin(a.length, b.length);
  const all = ways.reduce((sum, count) => sum + count, 0);
  const tail = ways
    .slice(0, extreme + 1)
    .reduce((sum, count) => sum + count, 0);
  return Math.min(1, (2 * tail) / all);
}

/** Of all orders of n and m values: in how many the first set wins 0, 1, 2, … comparisons. */
function waysToWin(n: number, m: number): readonly number[] {
  // rows[j]: the same for the sets so far, of which the second has j values.
  let rows: number[][] = Array.from({ length: m + 1 }, () => [1]);
  for (let i = 1; i <= n; i++) {
    const next: number[][] = [[1]];
    for (let j = 1; j <= m; j++)
      next.push(
        Array.from(
          { length: i * j + 1 },
          // The largest value is of the first set, and wins j times, or of the second.
          (_, wins) => (rows[j]?.[wins - j] ?? 0) + (next[j - 1]?.[wins] ?? 0),
        ),
      );
    rows = next;
  }
  return rows[m] ?? [];
}
