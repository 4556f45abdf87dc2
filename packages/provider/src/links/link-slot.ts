import { errorChain } from "@keyturn/nats";

import { sameLink, wipeLink, type Link, type LinkIdentity } from "./link.js";
import {
  tellLink,
  tellLinkFailing,
  type LinkEventType,
} from "./link-events.js";
import { retryDelay, type RetryPolicy } from "./retry.js";
import type { StartGate } from "./start-gate.js";

/** What the provider's own code does for links. */
export interface LinkHandler {
  /** Makes the link work. Rejects if it cannot, leaving nothing behind; `signal` ends it early. */
  putLink(link: Link, signal: AbortSignal): Promise<void>;
  /** Turns `previous` into `link`. If it rejects, `previous` is still in force. */
  changeLink?(link: Link, previous: Link, signal: AbortSignal): Promise<void>;
  deleteLink(link: Link): Promise<void>;
}

/** Why a link is not as it should be. */
export interface LinkProblem extends LinkIdentity {
  readonly reason: string;
  /** 0 while the first attempt is still running. */
  readonly attempts: number;
}

/** What a slot needs from its table. */
export interface SlotContext {
  readonly retry: RetryPolicy;
  readonly gate: StartGate;
  /** The provider's code; undefined until it has been created. */
  handler(): LinkHandler | undefined;
  /** Called when a slot is empty and may be forgotten. */
  emptied(slot: LinkSlot): void;
  failed(): void;
}

/** A first attempt that takes longer than this shows in health, in milliseconds. */
const slowMs = 5_000;

/**
 * One place in the link table. It works towards what was asked last: operations on one link run
 * one after another, a running one is aborted when something newer is asked, and what lies
 * between is never started.
 */
export class LinkSlot {
  readonly identity: LinkIdentity;
  readonly #context: SlotContext;
  /** What was asked last. */
  #desired: Link | undefined;
  /** What the provider's code has in force. */
  #applied: Link | undefined;
  /** What a running operation is making. */
  #making: Link | undefined;
  /** What is in force was made with settings that are no longer those of the provider. */
  #stale = false;
  /** A put that could not even be read; what was there before stays. */
  #refusal: unknown;
  #failure: { error: unknown; attempts: number } | undefined;
  #since = Date.now();
  #running: Promise<void> | undefined;
  /** Of a running operation; with a thousand links at rest, one for each would be 700 KiB. */
  #attempt: AbortController | undefined;
  #wake: (() => void) | undefined;
  #closed = false;
  #tried: (() => void) | undefined;
  /** Settles when the first attempt has ended, well or not. */
  readonly firstAttempt: Promise<void>;

  constructor(identity: LinkIdentity, context: SlotContext) {
    this.identity = identity;
    this.#context = context;
    this.firstAttempt = new Promise((resolve) => (this.#tried = resolve));
  }

  /** Takes `link` over. */
  put(link: Link): void {
    this.#refusal = undefined;
    if (this.#closed) return wipeLink(link);
    const last = this.#desired;
    if (last !== undefined && sameLink(last, link)) {
      wipeLink(link);
      this.#tell("link-unchanged", "debug", "was put again unchanged");
      // Someone may have put it again because they repaired what was wrong.
      this.#wake?.();
      return;
    }
    // Back to what is in force: a change that is under way is given up.
    if (this.#applied !== undefined && sameLink(this.#applied, link)) {
      wipeLink(link);
      this.#ask(this.#applied);
    } else this.#ask(link);
  }

  /** Notes a put that could not be used. */
  refuse(error: unknown): void {
    this.#refusal = error;
    this.#tell("link-refused", "error", "was refused", error);
    this.#endFirstAttempt();
  }

  delete(): void {
    this.#refusal = undefined;
    this.#ask(undefined);
  }

  /** Makes the link again, as what it is made from has changed; one that failed is tried at once. */
  reapply(): void {
    if (this.#desired === undefined) return;
    this.#stale = true;
    this.#startOver();
    this.#interrupt();
    this.work();
  }

  /** Lets the slot work; called again for nothing is harmless. */
  work(): void {
    if (this.#running !== undefined || this.#context.handler() === undefined)
      return;
    this.#running = this.#work().finally(() => {
      this.#running = undefined;
      // Asked while the last step was ending.
      if (!this.#settled()) this.work();
      else this.#forget();
    });
  }

  /** Stops working: the running operation is aborted, the link in force stays. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#interrupt();
    await this.#running;
  }

  /** Wipes what the slot still holds. Only after the provider's code is done with it. */
  wipe(): void {
    for (const link of [this.#desired, this.#applied, this.#making])
      if (link !== undefined) wipeLink(link);
  }

  problem(): LinkProblem | undefined {
    const attempts = this.#failure?.attempts ?? 0;
    const told = (reason: string): LinkProblem => ({
      ...this.identity,
      reason,
      attempts,
    });
    if (this.#refusal !== undefined) return told(errorChain(this.#refusal));
    if (this.#settled()) return undefined;
    if (this.#failure !== undefined)
      return told(errorChain(this.#failure.error));
    const ms = Date.now() - this.#since;
    return ms < slowMs
      ? undefined
      : told(
          `not ${this.#desired === undefined ? "removed" : "ready"} after ${Math.round(ms / 1000)} s.`,
        );
  }

  #endFirstAttempt(): void {
    this.#tried?.();
    this.#tried = undefined;
  }

  #ask(link: Link | undefined): void {
    const last = this.#desired;
    this.#desired = link;
    this.#startOver();
    this.#release(last);
    this.#interrupt();
    this.work();
    if (this.#running === undefined) this.#forget();
  }

  /** What failed is not well before it works: who waits for health would publish too early. */
  #startOver(): void {
    this.#since = Date.now();
    this.#failure =
      this.#failure === undefined || this.#desired === undefined
        ? undefined
        : { error: this.#failure.error, attempts: 0 };
  }

  #interrupt(): void {
    this.#attempt?.abort();
    this.#wake?.();
  }

  #settled(): boolean {
    return this.#closed || (this.#desired === this.#applied && !this.#stale);
  }

  async #work(): Promise<void> {
    while (!this.#settled()) {
      const handler = this.#context.handler();
      if (handler === undefined) return;
      const attempt = new AbortController();
      this.#attempt = attempt;
      const { signal } = attempt;
      const wasStale = this.#stale;
      this.#stale = false;
      try {
        await this.#step(handler, signal);
        this.#failure = undefined;
      } catch (error) {
        this.#stale ||= wasStale;
        // A newer wish ended it; that is no failure.
        if (!signal.aborted) await this.#pause(error, signal);
      } finally {
        this.#attempt = undefined;
        this.#endFirstAttempt();
      }
    }
  }

  /** One operation towards what is asked. */
  async #step(handler: LinkHandler, signal: AbortSignal): Promise<void> {
    const link = this.#desired;
    const previous = this.#applied;
    if (link === undefined) {
      if (previous !== undefined) await this.#remove(handler, previous);
    } else if (previous === undefined) {
      await this.#make(link, signal, () => handler.putLink(link, signal));
      this.#tell("link-up", "info", "is up");
    } else if (handler.changeLink === undefined) {
      await this.#remove(handler, previous);
    } else {
      await this.#make(link, signal, async () =>
        handler.changeLink?.(link, previous, signal),
      );
      this.#release(previous);
      this.#tell("link-changed", "info", "was changed");
    }
  }

  async #make(
    link: Link,
    signal: AbortSignal,
    operation: () => Promise<void>,
  ): Promise<void> {
    this.#making = link;
    try {
      await this.#context.gate.run(signal, operation);
      this.#applied = link;
    } finally {
      this.#making = undefined;
      this.#release(link);
    }
  }

  async #remove(handler: LinkHandler, link: Link): Promise<void> {
    try {
      await handler.deleteLink(link);
      this.#tell("link-removed", "info", "was removed");
    } catch (error) {
      // There is nothing to go back to, and trying again may fail for ever.
      this.#tell(
        "link-delete-failed",
        "warn",
        "was removed with an error",
        error,
      );
    }
    this.#applied = undefined;
    this.#release(link);
  }

  async #pause(error: unknown, signal: AbortSignal): Promise<void> {
    const attempts = (this.#failure?.attempts ?? 0) + 1;
    const again =
      this.#failure !== undefined &&
      attempts > 1 &&
      errorChain(this.#failure.error) === errorChain(error);
    this.#failure = { error, attempts };
    this.#endFirstAttempt();
    this.#context.failed();
    const retryInMs = retryDelay(attempts, this.#context.retry);
    const level = again ? "debug" : "error";
    tellLinkFailing(this.identity, level, error, attempts, retryInMs);
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, retryInMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  /** Wipes a link that nothing refers to any more. */
  #release(link: Link | undefined): void {
    if (
      link !== undefined &&
      link !== this.#desired &&
      link !== this.#applied &&
      link !== this.#making
    )
      wipeLink(link);
  }

  #forget(): void {
    if (
      this.#desired === undefined &&
      this.#applied === undefined &&
      this.#refusal === undefined
    ) {
      this.#endFirstAttempt();
      this.#context.emptied(this);
    }
  }

  #tell(
    type: LinkEventType,
    level: "error" | "warn" | "info" | "debug",
    what: string,
    error?: unknown,
  ): void {
    tellLink(this.identity, type, level, what, error);
  }
}
