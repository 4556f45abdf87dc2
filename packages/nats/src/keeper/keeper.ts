import { Credential } from "../credentials/credential.js";
import { fail } from "../errors/nats-errors.js";
import {
  asSource,
  type CredentialSource,
  type Credentials,
} from "../sources/credential-source.js";

/** When a {@link Keeper} refreshes. All times in milliseconds. */
export interface RefreshOptions {
  /** Share of a credential's lifetime after which it is refreshed. Default {@link defaultLeadShare}. */
  readonly leadShare?: number;
  /** Random share taken off that moment, so that many clients do not ask at once. Default 0.1. */
  readonly jitterShare?: number;
  /** How long one call of the source may take. Default 10,000. */
  readonly deadlineMs?: number;
  /** First pause after a failed refresh; it doubles up to `maxRetryMs`. Default 500. */
  readonly minRetryMs?: number;
  /** Default 30,000; 2,000 once the present credential has expired. */
  readonly maxRetryMs?: number;
}

/** Share of a credential's lifetime after which it is refreshed. */
export const defaultLeadShare = 0.8;
/** For lifetimes over five minutes the refresh is not later than this before the expiry. */
const latestLeadMs = 60_000;
/** The longest time that passes without a look at the clock, so that sleeps and jumps are noticed. */
const longestNapMs = 15_000;
/** Retries once nothing valid is at hand: recovery is due within seconds. */
const urgentRetryMs = 2000;

/** What the keeper tells its connection. */
export interface KeeperHooks {
  /** Refuses a credential that may not, or cannot, be presented. */
  readonly check: (credential: Credential) => void;
  /** A credential was taken. */
  readonly used: (credential: Credential) => void;
  /** Another credential than before is there. */
  readonly onCredential: (credential: Credential) => void;
  /** A refresh failed; the present credential stays. */
  readonly onFailure: (error: unknown, retryInMs: number) => void;
}

/**
 * Keeps one credential fresh: asks its source ahead of expiry, once at a time, and keeps the last good
 * one while the source fails.
 */
export class Keeper {
  readonly #source: CredentialSource;
  readonly #renewable: boolean;
  readonly #options: Required<RefreshOptions>;
  readonly #hooks: KeeperHooks;
  #current: Credential | undefined;
  #refreshing: Promise<Credential> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dueAt: number | undefined;
  #failures = 0;
  #closed = false;
  #lastError: unknown;
  #lastRefresh: Date | undefined;
  #wakers: (() => void)[] = [];

  constructor(
    credentials: Credentials,
    options: RefreshOptions,
    hooks: KeeperHooks,
  ) {
    this.#renewable = !(credentials instanceof Credential);
    this.#source = asSource(credentials);
    this.#options = {
      leadShare: options.leadShare ?? defaultLeadShare,
      jitterShare: options.jitterShare ?? 0.1,
      deadlineMs: options.deadlineMs ?? 10_000,
      minRetryMs: options.minRetryMs ?? 500,
      maxRetryMs: options.maxRetryMs ?? 30_000,
    };
    this.#hooks = hooks;
  }

  /** The last good credential; undefined before {@link start}. */
  get current(): Credential | undefined {
    return this.#current;
  }

  get lastError(): unknown {
    return this.#lastError;
  }

  get lastRefresh(): Date | undefined {
    return this.#lastRefresh;
  }

  get nextRefresh(): Date | undefined {
    return this.#dueAt === undefined ? undefined : new Date(this.#dueAt);
  }

  /** Takes the first credential. @throws what the source throws, and `CREDENTIAL_…` if it is unusable */
  async start(): Promise<Credential> {
    const credential = await this.#ask();
    this.#hooks.check(credential);
    this.#accept(credential);
    this.#schedule();
    return credential;
  }

  /**
   * Asks the source now; joins a refresh that is under way.
   *
   * @throws what the source throws; the present credential stays then
   */
  refresh(): Promise<Credential> {
    this.#refreshing ??= this.#refreshOnce().finally(() => {
      this.#refreshing = undefined;
      this.#schedule();
    });
    return this.#refreshing;
  }

  /** Why the present credential may not be presented; undefined if it may. */
  fault(): Error | undefined {
    if (this.#current === undefined)
      return fail("CREDENTIAL_UNAVAILABLE", "There is no credential yet.");
    try {
      this.#current.assertUsable();
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  /** Resolves when a credential may be presented, or when closed. Never rejects. */
  async ready(): Promise<void> {
    while (!this.#closed && this.fault() !== undefined) {
      const woken = new Promise<void>((resolve) => this.#wakers.push(resolve));
      if (
        this.#renewable &&
        this.#refreshing === undefined &&
        this.#failures === 0
      ) {
        void this.refresh().catch(() => undefined);
      }
      await woken;
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#dueAt = undefined;
    this.#wake();
  }

  async #refreshOnce(): Promise<Credential> {
    try {
      const credential = await this.#ask();
      this.#hooks.check(credential);
      this.#failures = 0;
      this.#lastError = undefined;
      if (!this.#closed) this.#accept(credential);
      return credential;
    } catch (error) {
      this.#failures++;
      this.#lastError = error;
      throw error;
    }
  }

  async #ask(): Promise<Credential> {
    let timer: NodeJS.Timeout | undefined;
    const asked = new AbortController();
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(
          fail(
            "CREDENTIAL_SOURCE_TIMEOUT",
            `The credential source did not answer within ${this.#options.deadlineMs} ms.`,
          ),
        );
      }, this.#options.deadlineMs);
    });
    try {
      return await Promise.race([
        Promise.resolve(this.#source.read(asked.signal)),
        late,
      ]);
    } finally {
      asked.abort();
      clearTimeout(timer);
    }
  }

  #accept(credential: Credential): void {
    this.#hooks.used(credential);
    this.#lastRefresh = new Date();
    const isNew = this.#current?.fingerprint !== credential.fingerprint;
    const isFirst = this.#current === undefined;
    this.#current = credential;
    this.#wake();
    if (isNew && !isFirst) this.#hooks.onCredential(credential);
  }

  #wake(): void {
    for (const wake of this.#wakers.splice(0)) wake();
  }

  /** Plans the next refresh by the wall clock, looking at it again after each nap. */
  #schedule(): void {
    clearTimeout(this.#timer);
    this.#dueAt =
      this.#closed || !this.#renewable ? undefined : this.#nextDue();
    if (this.#dueAt === undefined) return;
    this.#nap();
  }

  #nap(): void {
    const wait = Math.max(0, (this.#dueAt ?? 0) - Date.now());
    this.#timer = setTimeout(
      () => {
        if (
          this.#dueAt !== undefined &&
          Date.now() < this.#dueAt &&
          this.fault() === undefined
        ) {
          this.#nap();
          return;
        }
        void this.refresh().catch((error: unknown) => {
          this.#hooks.onFailure(
            error,
            Math.max(0, (this.#nextDue() ?? 0) - Date.now()),
          );
        });
      },
      Math.min(wait, longestNapMs),
    );
    this.#timer.unref();
  }

  #nextDue(): number | undefined {
    const now = Date.now();
    if (this.#failures > 0) {
      const cap =
        this.fault() === undefined
          ? this.#options.maxRetryMs
          : Math.min(urgentRetryMs, this.#options.maxRetryMs);
      const pause = Math.min(
        cap,
        this.#options.minRetryMs * 2 ** Math.min(this.#failures - 1, 16),
      );
      return now + pause * (0.5 + Math.random() / 2);
    }
    const expiresAt = this.#current?.expiresAt?.getTime();
    if (expiresAt === undefined) return undefined;
    const left = expiresAt - now;
    const { leadShare, jitterShare } = this.#options;
    const share = leadShare - Math.random() * jitterShare;
    let wait = left * share;
    if (left > 5 * 60_000) wait = Math.min(wait, left - latestLeadMs);
    // The source may hand out the same credential again until it has a new one: not in a tight loop.
    return now + Math.max(wait, this.#options.minRetryMs);
  }
}
