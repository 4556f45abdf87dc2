import type { Credential } from "../credentials/credential.js";
import type { Keepable, Keeper } from "./keeper.js";

/**
 * Which credential a dial presents: the newest one; or, while servers refuse that, in turn with the
 * last one that they took, as long as it may be presented.
 */
export class Choice<T extends Keepable = Credential> {
  readonly #keeper: Keeper<T>;
  #taken: T | undefined;
  /** Fingerprint of what was refused last. */
  #refused: string | undefined;

  constructor(keeper: Keeper<T>) {
    this.#keeper = keeper;
  }

  /** What to present now; it may have a fault if nothing is without. */
  next(): T | undefined {
    const newest = this.#keeper.current;
    const older = this.#taken;
    if (older === undefined || older.fingerprint === newest?.fingerprint)
      return newest;
    const isNoGood =
      newest?.fingerprint === this.#refused ||
      this.#keeper.fault(newest) !== undefined;
    return isNoGood && this.#keeper.fault(older) === undefined ? older : newest;
  }

  /** Why nothing may be presented now; undefined if something may. */
  fault(): Error | undefined {
    return this.#keeper.fault(this.next());
  }

  /** A server took it. */
  taken(credential: T | undefined): void {
    this.#taken = credential;
    if (credential?.fingerprint === this.#refused) this.#refused = undefined;
  }

  /** A server refused it. */
  refused(credential: T | undefined): void {
    this.#refused = credential?.fingerprint;
  }
}
