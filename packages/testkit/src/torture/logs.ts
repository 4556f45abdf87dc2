import { now } from "./clock.js";

/** When each message of one stream was sent; its place is its number. NaN: nobody knows whether it was. */
export class SentLog {
  readonly times: number[] = [];

  /** Books a message as sent; its number is the answer. */
  next(): number {
    return this.times.push(now()) - 1;
  }

  /** Nobody knows whether it was sent. */
  forget(number: number): void {
    this.times[number] = Number.NaN;
  }
}

/** Each delivery of one stream, in the order it happened. */
export interface Deliveries {
  readonly numbers: readonly number[];
  readonly times: readonly number[];
}

/** A stream that was silent for so long has ended, in milliseconds. */
const quietMs = 1000;

/** Books the deliveries of one stream. */
export class ReceivedLog implements Deliveries {
  readonly numbers: number[] = [];
  readonly times: number[] = [];
  readonly #seen: boolean[] = [];
  readonly #made = now();
  #distinct = 0;

  add(number: number): void {
    this.numbers.push(number);
    this.times.push(now());
    if (this.#seen[number] === true) return;
    this.#seen[number] = true;
    this.#distinct++;
  }

  /** Whether all has come, or will: what a server does not keep comes within a moment, or never. */
  isOver(sent: readonly number[], isDurable: boolean): boolean {
    if (this.#hasAll(sent)) return true;
    return !isDurable && now() - (this.times.at(-1) ?? this.#made) > quietMs;
  }

  /** Whether each message that was sent for certain has come. */
  #hasAll(sent: readonly number[]): boolean {
    const certain = sent.filter((time) => !Number.isNaN(time)).length;
    if (this.#distinct < certain) return false;
    return sent.every(
      (time, number) => Number.isNaN(time) || this.#seen[number] === true,
    );
  }
}
