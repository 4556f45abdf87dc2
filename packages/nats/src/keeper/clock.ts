/** The wall clock and timers, for who has to be tested through days and jumps. */
export interface Clock {
  /** Milliseconds since the epoch. May jump, either way. */
  readonly now: () => number;
  /** Milliseconds since some moment; never jumps, but may stand still while a machine sleeps. */
  readonly elapsed: () => number;
  /** Runs `task` after `ms` milliseconds, during which a machine may sleep; returns what cancels it. */
  readonly after: (ms: number, task: () => void) => () => void;
}

/** The clock of this machine. Its timers keep no process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
