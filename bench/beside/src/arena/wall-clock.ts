/** Time of day in ms, exact to microseconds: it waits for the next whole millisecond. */
export function wallClockMs(): number {
  const now = Date.now();
  let next = now;
  while (next === now) next = Date.now();
  return next;
}
