/** How failed links are tried again. */
export interface RetryPolicy {
  /** Pause after the first failure, in milliseconds. Default 500. */
  readonly firstMs: number;
  /** Longest pause, in milliseconds. Default 30,000. */
  readonly maxMs: number;
}

export const defaultRetry: RetryPolicy = { firstMs: 500, maxMs: 30_000 };

/**
 * The pause after the `attempts`-th failure: doubling, up to the longest, and shortened by up to
 * half at random, so that links that failed together do not come back together.
 */
export function retryDelay(
  attempts: number,
  policy: RetryPolicy,
  random: () => number = Math.random,
): number {
  const full = Math.min(policy.maxMs, policy.firstMs * 2 ** (attempts - 1));
  return Math.round(full * (1 - random() / 2));
}
