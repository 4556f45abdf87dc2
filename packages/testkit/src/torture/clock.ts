/** Milliseconds by a clock that all threads of a process share. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** A time that `performance.now()` gave in this thread, by the clock of {@link now}. */
export function shared(time: number): number {
  return performance.timeOrigin + time;
}
