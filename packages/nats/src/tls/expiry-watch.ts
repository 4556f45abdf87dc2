import { fail } from "../errors/nats-errors.js";
import type { ClientTls } from "./client-tls.js";

/** A certificate of which so little is left should have been renewed: share of its whole life. */
const warnShare = 0.2;
/** Nobody is warned earlier than that, in milliseconds. */
const earliestMs = 14 * 24 * 3600 * 1000;
/** The clock is looked at after so long at the latest, since timers stand still while a machine sleeps. */
const longestNapMs = 60_000;

/** Tells once that a client certificate is about to expire, and once that it has. */
export class ExpiryWatch {
  readonly #tell: (error: Error) => void;
  #timer: NodeJS.Timeout | undefined;
  #tls: ClientTls | undefined;
  #isWarned = false;

  constructor(tell: (error: Error) => void) {
    this.#tell = tell;
  }

  /** From now on it is this one's expiry that matters. */
  follow(tls: ClientTls): void {
    if (this.#tls?.fingerprint === tls.fingerprint) return;
    this.#tls = tls;
    this.#isWarned = false;
    this.#look();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#tls = undefined;
  }

  #look(): void {
    clearTimeout(this.#timer);
    const tls = this.#tls;
    if (tls?.expiresAt === undefined) return;
    const end = tls.expiresAt.getTime();
    const life = end - (tls.validFrom?.getTime() ?? end);
    const warnAt = end - Math.min(life * warnShare, earliestMs);
    const now = Date.now();
    if (now >= end) {
      try {
        tls.assertUsable();
      } catch (error) {
        this.#tell(error as Error);
      }
      return;
    }
    if (now >= warnAt && !this.#isWarned) {
      this.#isWarned = true;
      this.#tell(
        fail(
          "CERTIFICATE_EXPIRING",
          `The client certificate ${tls.name} expires at ${tls.expiresAt.toISOString()}, and no other has come.`,
        ),
      );
    }
    const next = this.#isWarned ? end : warnAt;
    this.#timer = setTimeout(
      () => this.#look(),
      Math.min(next - now, longestNapMs),
    );
    this.#timer.unref();
  }
}
