/** What became of one numbered stream of messages. */
export interface StreamReport {
  readonly name: string;
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Messages that came after one with a higher number. */
  readonly late: number;
  /** The longest silence between two deliveries, in milliseconds. */
  readonly longestGapMs: number;
  /** Each lost or duplicated message (the first 50), with where in a rotation it was sent. */
  readonly faults: readonly Fault[];
}

/** A message that did not arrive exactly once. */
export interface Fault {
  readonly kind: "lost" | "duplicated";
  readonly number: number;
  /** For example `12.3 ms into rotation 7`, or `between rotations`. */
  readonly when: string;
}

const shownFaults = 50;

/** Books every number of one stream when it is sent and when it is received. */
export class Ledger {
  readonly name: string;
  readonly #sentAt: number[] = [];
  readonly #seen: number[] = [];
  #highest = -1;
  #late = 0;
  #received = 0;
  #lastAt = 0;
  #longestGap = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Books a message as sent; its number is the answer. */
  send(): number {
    return this.#sentAt.push(performance.now()) - 1;
  }

  get sent(): number {
    return this.#sentAt.length;
  }

  get received(): number {
    return this.#received;
  }

  /** Books a number as received. */
  receive(number: number): void {
    this.#received++;
    this.#seen[number] = (this.#seen[number] ?? 0) + 1;
    if (number < this.#highest) this.#late++;
    else this.#highest = number;
    const now = performance.now();
    if (this.#lastAt > 0)
      this.#longestGap = Math.max(this.#longestGap, now - this.#lastAt);
    this.#lastAt = now;
  }

  /** Whether every message sent has come at least once. */
  get complete(): boolean {
    for (let i = 0; i < this.#sentAt.length; i++)
      if (this.#seen[i] === undefined) return false;
    return true;
  }

  /** @param rotations start and end of each rotation, by the same clock */
  report(rotations: readonly (readonly [number, number])[]): StreamReport {
    const faults: Fault[] = [];
    let lost = 0;
    let duplicated = 0;
    this.#sentAt.forEach((at, number) => {
      const times = this.#seen[number] ?? 0;
      if (times === 1) return;
      if (times === 0) lost++;
      else duplicated += times - 1;
      if (faults.length < shownFaults) {
        faults.push({
          kind: times === 0 ? "lost" : "duplicated",
          number,
          when: phase(at, rotations),
        });
      }
    });
    return {
      name: this.name,
      sent: this.#sentAt.length,
      received: this.#received,
      lost,
      duplicated,
      late: this.#late,
      longestGapMs: this.#longestGap,
      faults,
    };
  }
}

function phase(
  at: number,
  rotations: readonly (readonly [number, number])[],
): string {
  const index = rotations.findIndex(
    ([start, end]) => at >= start - 5 && at <= end + 5,
  );
  const start = rotations[index]?.[0];
  if (start === undefined) return "between rotations";
  return `${(at - start).toFixed(1)} ms into rotation ${index}`;
}
