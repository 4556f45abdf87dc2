/** Does things so many times a second each, until it is stopped. */
export class Pump {
  readonly #actions: { perSecond: number; act: () => void; done: number }[] =
    [];
  #started = 0;
  #timer: NodeJS.Timeout | undefined;

  add(perSecond: number, act: () => void): void {
    this.#actions.push({ perSecond, act, done: 0 });
  }

  start(): void {
    this.#started = performance.now();
    this.#timer = setInterval(() => this.#catchUp(), 1);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** As often as is due; what an act throws ends only that one. */
  #catchUp(): void {
    const elapsed = (performance.now() - this.#started) / 1000;
    for (const action of this.#actions) {
      const due = elapsed * action.perSecond;
      for (; action.done < due; action.done++) action.act();
    }
  }
}
