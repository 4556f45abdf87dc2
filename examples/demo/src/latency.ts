/** How long calls took, in milliseconds with two decimals. */
export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** @param durationsMs one for each call; at least one */
export function latencyOf(durationsMs: readonly number[]): Latency {
  const sorted = [...durationsMs].sort((a, b) => a - b);
  const percentile = (share: number): number => {
    const rank = Math.max(0, Math.ceil(sorted.length * share) - 1);
    return Math.round((sorted[rank] ?? Number.NaN) * 100) / 100;
  };
  return { p50Ms: percentile(0.5), p99Ms: percentile(0.99) };
}
