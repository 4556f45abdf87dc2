import type { Credential } from "../credentials/credential.js";
import { errorChain } from "../errors/error-chain.js";
import { fail } from "../errors/nats-errors.js";
import type { Source } from "../sources/credential-source.js";
import { systemClock, type Clock } from "./clock.js";
import { RefreshPlan, type RefreshOptions } from "./refresh-plan.js";

/** The longest time that passes without a look at the clock, so that sleeps and jumps are noticed. */
const longestNapMs = 5000;
/** When the two clocks have come apart by so much, the machine slept, or the wall clock was set. */
const jumpMs = 2000;

/** What can be kept fresh: a credential, or a client certificate, which is one too. */
export interface Keepable {
  readonly origin: { readonly source: string };
  readonly fingerprint: string;
  readonly expiresAt: Date | undefined;
  /** When it was made, by its issuer's clock. */
  readonly issuedAt: Date | undefined;
  /** @throws KeyturnError why it may not be presented at that time */
  assertUsable(now?: Date): void;
}

/** A source, and whether it always gives the same. */
export interface KeptSource<T> extends Source<T> {
  readonly isFixed?: boolean;
}

/** What the keeper tells its connection. */
export interface KeeperHooks<T = Credential> {
  /** Refuses a credential that may not, or cannot, be presented. */
  readonly check: (credential: T) => void;
  /** A credential was taken. */
  readonly used: (credential: T) => void;
  /** Another credential than before is there. */
  readonly onCredential: (credential: T) => void;
  /**
   * A refresh failed; the present credential stays.
   *
   * @param isRepeat whether it has been told in the same words since the last one that did not fail
   */
  readonly onFailure: (
    error: unknown,
    retryInMs: number,
    isRepeat: boolean,
  ) => void;
}

/**
 * Keeps one credential fresh: asks its source ahead of expiry, once at a time, and keeps the last good
 * one while the source fails.
 *
 * It goes by the wall clock and looks at it every few seconds, since timers stand still while a machine
 * sleeps. What shows of a difference between the clock of the servers and ours is reckoned with.
 */
export class Keeper<T extends Keepable = Credential> {
  readonly #source: Source<T>;
  readonly #isRenewable: boolean;
  readonly #plan: RefreshPlan;
  readonly #hooks: KeeperHooks<T>;
  readonly #clock: Clock;
  #current: T | undefined;
  /** When the present credential ends by the clock that cannot be set. */
  #endsAt = Infinity;
  #refreshing: Promise<T> | undefined;
  /** Something changed while a read was under way, which may have been too early to see it. */
  #isStale = false;
  #cancelNap: (() => void) | undefined;
  #endWatch: (() => void) | undefined;
  #dueAt: number | undefined;
  #failures = 0;
  #isClosed = false;
  #lastError: unknown;
  #told: string | undefined;
  #lastRefresh: Date | undefined;
  #wakers: (() => void)[] = [];
  /** By how much the issuer's clock was ahead of ours, by the present credential. */
  #issuerAheadMs = 0;
  /** By how much a server's clock was ahead of ours when it found a credential expired. */
  #serverAheadMs = 0;
  /** Fingerprint of the credential that a server found expired. */
  #foundExpired: string | undefined;

  constructor(
    source: KeptSource<T>,
    options: RefreshOptions,
    hooks: KeeperHooks<T>,
    clock: Clock = systemClock,
  ) {
    this.#isRenewable = source.isFixed !== true;
    this.#source = source;
    this.#plan = new RefreshPlan(options);
    this.#hooks = hooks;
    this.#clock = clock;
  }

  /** The last good credential; undefined before {@link start}. */
  get current(): T | undefined {
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

  /** By how much the clock of issuer or servers is ahead of ours, as far as it has shown. */
  get clockAheadMs(): number {
    return Math.max(this.#issuerAheadMs, this.#serverAheadMs);
  }

  /** Takes the first credential. @throws what the source throws, and `CREDENTIAL_…` if it is unusable */
  async start(): Promise<T> {
    const credential = await this.#read();
    this.#accept(credential);
    this.#endWatch = this.#source.watch?.(() => this.#onChanged());
    this.#schedule();
    return credential;
  }

  /**
   * Reads the source now; joins a read that is under way.
   *
   * @throws what the source throws; the present credential stays then
   */
  refresh(): Promise<T> {
    this.#refreshing ??= this.#refreshOnce();
    return this.#refreshing;
  }

  /** Why a credential, by default the present one, may not be presented; undefined if it may. */
  fault(credential: T | undefined = this.#current): Error | undefined {
    if (credential === undefined)
      return fail("CREDENTIAL_UNAVAILABLE", "There is no credential yet.");
    if (credential.fingerprint === this.#foundExpired) {
      return fail(
        "CREDENTIAL_EXPIRED",
        `The user JWT from ${credential.origin.source} has expired by the server's clock, which is ${Math.ceil(this.#serverAheadMs / 1000)} s ahead of this machine's.`,
      );
    }
    const now = this.#clock.now();
    const isPresent = credential.fingerprint === this.#current?.fingerprint;
    const ahead = isPresent
      ? this.#issuerAheadMs
      : issuerAhead(credential, now);
    // The wall clock may have been set back since the credential came.
    const isOver = isPresent && this.#clock.elapsed() >= this.#endsAt;
    try {
      const over = isOver ? (credential.expiresAt?.getTime() ?? 0) : 0;
      credential.assertUsable(new Date(Math.max(now + ahead, over)));
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  /** Resolves when the present credential may be presented, or when closed. Never rejects. */
  async ready(): Promise<void> {
    while (!this.#isClosed && this.fault() !== undefined) {
      const woken = new Promise<void>((resolve) => this.#wakers.push(resolve));
      if (this.#failures === 0) this.refreshSoon();
      // A pause that was planned while there was time is too long now.
      if (this.#refreshing === undefined) this.#schedule();
      await woken;
    }
  }

  /** A server said that a credential has expired, whatever our clock says: it is not presented again. */
  foundExpired(credential: T): void {
    const { expiresAt, fingerprint } = credential;
    if (expiresAt === undefined || fingerprint === this.#foundExpired) return;
    const early = expiresAt.getTime() - this.#clock.now();
    if (early <= 0) return;
    this.#foundExpired = fingerprint;
    this.#serverAheadMs = early;
    if (fingerprint === this.#current?.fingerprint) this.refreshSoon();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelNap?.();
    this.#endWatch?.();
    this.#dueAt = undefined;
    this.#wake();
  }

  async #refreshOnce(): Promise<T> {
    try {
      let credential: T;
      do {
        this.#isStale = false;
        credential = await this.#read();
        if (this.#isClosed) return credential;
        this.#failures = 0;
        this.#lastError = undefined;
        this.#told = undefined;
        this.#accept(credential);
        // oxlint-disable-next-line typescript/no-unnecessary-condition -- set by `watch` meanwhile
      } while (this.#isStale);
      return credential;
    } catch (error) {
      this.#failures++;
      this.#lastError = error;
      throw error;
    } finally {
      this.#refreshing = undefined;
      this.#schedule();
    }
  }

  /** A refresh that nobody waits for: its failure is told. */
  refreshSoon(): void {
    if (!this.#isRenewable || this.#refreshing !== undefined || this.#isClosed)
      return;
    this.refresh().catch((error: unknown) => {
      if (this.#isClosed) return;
      const retryAt = this.#dueAt ?? this.#clock.now();
      const retryInMs = Math.max(0, retryAt - this.#clock.now());
      const message = errorChain(error);
      this.#hooks.onFailure(error, retryInMs, message === this.#told);
      this.#told = message;
    });
  }

  #onChanged(): void {
    this.#isStale = true;
    this.refreshSoon();
  }

  /** One read, within its deadline. What comes later than that is not looked at. */
  async #read(): Promise<T> {
    const { deadlineMs } = this.#plan.options;
    const asked = new AbortController();
    let cancel: (() => void) | undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = this.#clock.after(deadlineMs, () =>
        reject(
          fail(
            "CREDENTIAL_SOURCE_TIMEOUT",
            `The credential source did not answer within ${deadlineMs} ms.`,
          ),
        ),
      );
    });
    try {
      const reading = (async () => this.#source.read(asked.signal))();
      const credential = await Promise.race([reading, late]);
      this.#hooks.check(credential);
      const fault = this.fault(credential);
      if (fault !== undefined) throw fault;
      return credential;
    } finally {
      cancel?.();
      asked.abort();
    }
  }

  #accept(credential: T): void {
    this.#hooks.used(credential);
    const now = this.#clock.now();
    this.#lastRefresh = new Date(now);
    const isNew = this.#current?.fingerprint !== credential.fingerprint;
    const isFirst = this.#current === undefined;
    const ahead = issuerAhead(credential, now);
    const isOtherEnd =
      this.#current?.expiresAt?.getTime() !== credential.expiresAt?.getTime();
    if (isNew || isOtherEnd) {
      const left = (credential.expiresAt?.getTime() ?? Infinity) - now - ahead;
      this.#endsAt = this.#clock.elapsed() + left;
      this.#issuerAheadMs = ahead;
    } else this.#issuerAheadMs = Math.max(this.#issuerAheadMs, ahead);
    this.#current = credential;
    this.#wake();
    if (isNew && !isFirst) this.#hooks.onCredential(credential);
  }

  #wake(): void {
    for (const wake of this.#wakers.splice(0)) wake();
  }

  /** Plans the next refresh by the wall clock, looking at it again after each nap. */
  #schedule(): void {
    this.#cancelNap?.();
    this.#cancelNap = undefined;
    const now = this.#clock.now();
    this.#dueAt =
      this.#isClosed || !this.#isRenewable
        ? undefined
        : this.#plan.next({
            now,
            expiresAt: this.#endOfPresent(),
            isUsable: this.fault() === undefined,
            failures: this.#failures,
          });
    this.#nap();
  }

  /** When the present credential ends, by our clock. */
  #endOfPresent(): number | undefined {
    const expiresAt = this.#current?.expiresAt?.getTime();
    if (expiresAt === undefined) return undefined;
    // What was measured may be wrong for this one, which a server takes: half of its life is used anyway.
    const half = Math.max(0, expiresAt - this.#clock.now()) / 2;
    return expiresAt - Math.min(this.clockAheadMs, half);
  }

  #nap(): void {
    const isWaitedFor = this.#wakers.length > 0;
    if (this.#isClosed || (this.#dueAt === undefined && !isWaitedFor)) return;
    const due = (this.#dueAt ?? Infinity) - this.#clock.now();
    const apart = this.#clocksApart();
    this.#cancelNap = this.#clock.after(
      Math.min(Math.max(0, due), longestNapMs),
      () => this.#onNapEnd(Math.abs(this.#clocksApart() - apart) > jumpMs),
    );
  }

  #clocksApart(): number {
    return this.#clock.now() - this.#clock.elapsed();
  }

  #onNapEnd(hasJumped: boolean): void {
    const fault = this.fault();
    if (fault === undefined) this.#wake();
    if (hasJumped) {
      // What was measured with the old clock may be wrong by the new one; servers will tell again.
      this.#serverAheadMs = 0;
      this.#foundExpired = undefined;
    }
    const isDue = this.#dueAt !== undefined && this.#clock.now() >= this.#dueAt;
    if (
      isDue ||
      (fault !== undefined && this.#failures === 0 && this.#isRenewable)
    )
      this.refreshSoon();
    else if (hasJumped) this.#schedule();
    else this.#nap();
  }
}

/** By how much the clock of a credential's issuer is ahead of ours, at the least. */
function issuerAhead(credential: Keepable, now: number): number {
  return Math.max(0, (credential.issuedAt?.getTime() ?? 0) - now);
}
