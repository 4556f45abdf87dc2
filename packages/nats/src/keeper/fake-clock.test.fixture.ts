import type { Clock } from "./clock.js";

interface Task {
  readonly at: number;
  readonly run: () => void;
}

/** A machine whose time is at a test's will: it runs, sleeps, and its wall clock is set wrong. */
export class FakeClock implements Clock {
  /** The clock that cannot be set; it stands still while the machine sleeps. */
  #elapsed = 0;
  #slept = 0;
  #wrongBy = 0;
  readonly #start: number;
  readonly #tasks = new Set<Task>();

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#start = start;
  }

  /** What clocks elsewhere show. */
  readonly trueNow = (): number => this.#start + this.#elapsed + this.#slept;
  readonly now = (): number => this.trueNow() + this.#wrongBy;
  readonly elapsed = (): number => this.#elapsed;

  readonly after = (ms: number, run: () => void): (() => void) => {
    const task = { at: this.#elapsed + ms, run };
    this.#tasks.add(task);
    return () => this.#tasks.delete(task);
  };

  /** Lets time pass, task by task; between tasks promises get on. */
  async run(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settled();
    for (;;) {
      let next: Task | undefined;
      for (const task of this.#tasks)
        if (next === undefined || task.at < next.at) next = task;
      if (next === undefined || next.at > end) break;
      this.#tasks.delete(next);
      this.#elapsed = Math.max(this.#elapsed, next.at);
      next.run();
      await settled();
    }
    this.#elapsed = end;
  }

  /** The machine sleeps: timers stand still, the wall clock goes on. */
  sleep(ms: number): void {
    this.#slept += ms;
  }

  /** The wall clock is set, forward or back. */
  jump(ms: number): void {
    this.#wrongBy += ms;
  }

  /** Whether the wall clock shows too much. */
  get isAhead(): boolean {
    return this.#wrongBy > 0;
  }

  /** The wall clock is set right. */
  correct(): void {
    this.#wrongBy = 0;
  }
}

/** Long enough for a source that answers at once, and for what follows from that. */
async function settled(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve();
}
