import { fail } from "../errors/provider-errors.js";
import { wipeLink, type Link, type LinkIdentity } from "./link.js";
import {
  LinkSlot,
  type LinkHandler,
  type LinkProblem,
  type SlotContext,
} from "./link-slot.js";
import { defaultRetry, type RetryPolicy } from "./retry.js";
import { StartGate } from "./start-gate.js";

/** More links than one process can serve well; a bound for what strangers could put. */
const maxLinks = 10_000;

/** What the table has counted since the start. */
export interface LinkCounters {
  readonly puts: number;
  readonly deletes: number;
  readonly refusals: number;
  /** Attempts that failed, retries included. */
  readonly failures: number;
}

/** All links of a provider. Operations on different links run concurrently. */
export class LinkTable {
  readonly #slots = new Map<string, LinkSlot>();
  readonly #context: SlotContext;
  readonly #counters = { puts: 0, deletes: 0, refusals: 0, failures: 0 };
  #handler: LinkHandler | undefined;
  #closed = false;

  constructor(retry: RetryPolicy = defaultRetry) {
    this.#context = {
      retry,
      gate: new StartGate(),
      handler: () => this.#handler,
      emptied: (slot) => {
        const { key } = slot.identity;
        // A slot made anew under the same key is another one.
        if (this.#slots.get(key) === slot) this.#slots.delete(key);
      },
      failed: () => this.#counters.failures++,
    };
  }

  get size(): number {
    return this.#slots.size;
  }

  get counters(): LinkCounters {
    return { ...this.#counters };
  }

  /**
   * Takes a link over: it is made, changed, or left alone if nothing changed. Never throws for
   * what becomes of it; see {@link problems}.
   *
   * @throws KeyturnError `PROVIDER_TOO_MANY_LINKS`
   */
  put(link: Link): void {
    this.#counters.puts++;
    try {
      this.#slot(link).put(link);
    } catch (error) {
      wipeLink(link);
      throw error;
    }
  }

  /** Notes that a link was put which could not be read. What was there before stays in force. */
  refuse(identity: LinkIdentity, error: unknown): void {
    this.#counters.refusals++;
    this.#slot(identity).refuse(error);
  }

  /** Whether there was such a link. */
  delete(identity: LinkIdentity): boolean {
    this.#counters.deletes++;
    const slot = this.#slots.get(identity.key);
    slot?.delete();
    return slot !== undefined;
  }

  /** From now on links are made with `handler`; those put before are started. */
  begin(handler: LinkHandler): void {
    this.#handler = handler;
    for (const slot of this.#slots.values()) slot.work();
  }

  /** Makes every link again, because the provider's config has changed. */
  reapply(): void {
    for (const slot of this.#slots.values()) slot.reapply();
  }

  /** Settles when every link that is in the table now has been tried once. */
  async tried(): Promise<void> {
    await Promise.all(
      [...this.#slots.values()].map((slot) => slot.firstAttempt),
    );
  }

  /** Links that are not as they should be, in an order that does not change from one look to the next. */
  problems(): LinkProblem[] {
    return [...this.#slots.values()]
      .flatMap((slot) => slot.problem() ?? [])
      .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Aborts what is running and takes nothing more. Settles when the provider's code has let go. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#slots.values()].map((slot) => slot.close()));
  }

  /** Wipes the secrets of all links. Only after the provider's code is done with them. */
  wipe(): void {
    for (const slot of this.#slots.values()) slot.wipe();
    this.#slots.clear();
  }

  #slot(identity: LinkIdentity): LinkSlot {
    const { key } = identity;
    const found = this.#slots.get(key);
    if (found !== undefined) return found;
    if (this.#slots.size >= maxLinks)
      throw fail(
        "PROVIDER_TOO_MANY_LINKS",
        `There are ${maxLinks} links already; a further one was not made.`,
      );
    const slot = new LinkSlot(identity, this.#context);
    if (this.#closed) void slot.close();
    this.#slots.set(key, slot);
    return slot;
  }
}
