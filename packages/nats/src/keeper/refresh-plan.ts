/** When a {@link Keeper} refreshes. All times in milliseconds. */
export interface RefreshOptions {
  /** Share of a credential's life after which it is refreshed at the latest. Default {@link defaultLeadShare}. */
  readonly leadShare?: number;
  /**
   * Random share of its life by which that is earlier, so that many clients with one expiry do not ask
   * at once. Default {@link defaultJitterShare}.
   */
  readonly jitterShare?: number;
  /** How long one read of the source may take. Default 10,000. */
  readonly deadlineMs?: number;
  /** First pause after a failed read; it doubles up to `maxRetryMs`. Default 500. */
  readonly minRetryMs?: number;
  /** Default 30,000; 4,000 once the present credential has expired. */
  readonly maxRetryMs?: number;
}

/** Share of a credential's life after which it is refreshed at the latest. */
export const defaultLeadShare = 0.8;
/** Over this share of their life many clients with one expiry spread their refreshes. */
export const defaultJitterShare = 0.25;
/** Retries once nothing valid is at hand: recovery is due within seconds. */
const urgentRetryMs = 4000;

/** What a plan is made for. */
export interface RefreshNeed {
  readonly now: number;
  /** When the present credential ends, as far as is known. */
  readonly expiresAt: number | undefined;
  /** Whether a credential may be presented now. */
  readonly isUsable: boolean;
  /** Failed reads since the last good one. */
  readonly failures: number;
}

/** The rules of when to ask: pure, so that they can be looked at by themselves. */
export class RefreshPlan {
  readonly options: Required<RefreshOptions>;

  constructor(options: RefreshOptions) {
    this.options = {
      leadShare: options.leadShare ?? defaultLeadShare,
      jitterShare: options.jitterShare ?? defaultJitterShare,
      deadlineMs: options.deadlineMs ?? 10_000,
      minRetryMs: options.minRetryMs ?? 500,
      maxRetryMs: options.maxRetryMs ?? 30_000,
    };
  }

  /** When to ask next; undefined: never by itself. */
  next(need: RefreshNeed): number | undefined {
    const { now, expiresAt, failures } = need;
    if (failures === 0 && expiresAt === undefined) return undefined;
    const { leadShare, jitterShare, minRetryMs } = this.options;
    if (failures > 0) {
      const retry = now + this.#pause(need);
      // At its end the present credential is worth another try, however long the pause has become.
      return expiresAt !== undefined && need.isUsable
        ? Math.max(now + minRetryMs / 2, Math.min(retry, expiresAt))
        : retry;
    }
    const left = (expiresAt ?? 0) - now;
    const wait = left * (leadShare - Math.random() * jitterShare);
    // The source may hand out the same credential again until it has a new one: not in a tight loop.
    return now + Math.max(wait, minRetryMs);
  }

  #pause({ failures, isUsable }: RefreshNeed): number {
    const { minRetryMs, maxRetryMs } = this.options;
    const longest = isUsable ? maxRetryMs : Math.min(urgentRetryMs, maxRetryMs);
    const pause = Math.min(
      longest,
      minRetryMs * 2 ** Math.min(failures - 1, 16),
    );
    return pause * (0.5 + Math.random() / 2);
  }
}
