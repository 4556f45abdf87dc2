import type { TraceContext } from "../trace/trace-context.js";
import type { ByteBudget } from "./byte-budget.js";

/** A message on its way to a component. */
export interface Delivery {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly replyTo: string | undefined;
  readonly trace: TraceContext | undefined;
}

/** How many messages of a link are handled and may wait. */
export interface AdmissionLimits {
  readonly concurrency: number;
  readonly maxWaiting: number;
  /** Whether messages of one subject are handled one after another, as they came. */
  readonly orderBySubject: boolean;
}

/** What a message that waits costs beside its body, in bytes, roughly. */
const overhead = 256;

/** A message that waits. A list of them is a queue of which both ends are at hand. */
interface Waiting {
  readonly delivery: Delivery;
  next: Waiting | undefined;
}

/** First in, first out. */
class Queue {
  #head: Waiting | undefined;
  #tail: Waiting | undefined;

  push(item: Waiting): void {
    if (this.#tail === undefined) this.#head = item;
    else this.#tail.next = item;
    this.#tail = item;
  }

  shift(): Waiting | undefined {
    const item = this.#head;
    if (item === undefined) return undefined;
    this.#head = item.next;
    if (this.#head === undefined) this.#tail = undefined;
    item.next = undefined;
    return item;
  }
}

/**
 * Lets in as many messages as may be handled at a time, keeps more of them within bounds, and refuses
 * the rest.
 */
export class Admission {
  #limits: AdmissionLimits;
  readonly #budget: ByteBudget;
  readonly #handle: (delivery: Delivery) => Promise<void>;
  /** Those that can be handled as soon as there is room. */
  readonly #ready = new Queue();
  /** With order by subject: subjects being handled or ready, with what waits behind each. */
  #busy: Map<string, Queue> | undefined;
  #running = 0;
  #waiting = 0;
  #idle: (() => void)[] | undefined;

  /** @param handle never rejects */
  constructor(
    limits: AdmissionLimits,
    budget: ByteBudget,
    handle: (delivery: Delivery) => Promise<void>,
  ) {
    this.#limits = limits;
    this.#budget = budget;
    this.#handle = handle;
  }

  /** Messages being handled. */
  get running(): number {
    return this.#running;
  }

  /** Messages that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Other limits from now on; what waits stays. */
  change(limits: AdmissionLimits): void {
    this.#limits = limits;
    this.#pump();
  }

  /** Whether the message is handled now or waits; false: there is no room for it. */
  offer(delivery: Delivery): boolean {
    const isBlocked =
      this.#limits.orderBySubject && this.#busy?.has(delivery.subject);
    if (isBlocked !== true && this.#running < this.#limits.concurrency) {
      this.#occupy(delivery.subject);
      this.#start(delivery);
      return true;
    }
    return this.#keep(delivery);
  }

  /** Resolves when nothing is handled and nothing waits. */
  async idle(): Promise<void> {
    if (this.#running === 0 && this.#waiting === 0) return;
    await new Promise<void>((resolve) => (this.#idle ??= []).push(resolve));
  }

  /** Drops all that waits, and tells how many that were. */
  clear(): number {
    const dropped = this.#waiting;
    for (const queue of [this.#ready, ...(this.#busy?.values() ?? [])])
      for (let item = queue.shift(); item !== undefined; item = queue.shift())
        this.#forget(item);
    this.#tellIdle();
    return dropped;
  }

  #keep(delivery: Delivery): boolean {
    if (this.#waiting >= this.#limits.maxWaiting) return false;
    if (!this.#budget.take(delivery.body.length + overhead)) return false;
    this.#waiting++;
    const item: Waiting = {
      // nats.js' own is a view of a larger block, which it would keep alive.
      delivery: { ...delivery, body: delivery.body.slice() },
      next: undefined,
    };
    const behind = this.#limits.orderBySubject
      ? this.#busy?.get(delivery.subject)
      : undefined;
    if (behind !== undefined) behind.push(item);
    else {
      this.#occupy(delivery.subject);
      this.#ready.push(item);
    }
    return true;
  }

  #occupy(subject: string): void {
    if (!this.#limits.orderBySubject) return;
    this.#busy ??= new Map();
    this.#busy.set(subject, new Queue());
  }

  #forget(item: Waiting): void {
    this.#waiting--;
    this.#budget.give(item.delivery.body.length + overhead);
  }

  #start(delivery: Delivery): void {
    this.#running++;
    void this.#handle(delivery).then(() => this.#onEnd(delivery.subject));
  }

  #onEnd(subject: string): void {
    this.#running--;
    const behind = this.#busy?.get(subject);
    if (behind !== undefined) {
      const next = behind.shift();
      if (next === undefined) this.#busy?.delete(subject);
      else this.#ready.push(next);
    }
    this.#pump();
    this.#tellIdle();
  }

  #pump(): void {
    while (this.#running < this.#limits.concurrency) {
      const item = this.#ready.shift();
      if (item === undefined) return;
      this.#forget(item);
      this.#start(item.delivery);
    }
  }

  #tellIdle(): void {
    if (this.#running > 0 || this.#waiting > 0) return;
    for (const resolve of this.#idle?.splice(0) ?? []) resolve();
  }
}
