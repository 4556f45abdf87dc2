/**
 * Waits for a condition, looking every few milliseconds; the first value that is not `undefined` or
 * `false` ends it.
 *
 * @throws Error naming `what` when it has not come true within `ms`
 */
export async function until<T>(
  what: string,
  ms: number,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
