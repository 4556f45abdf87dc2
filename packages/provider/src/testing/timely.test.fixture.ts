/** Runs what depends on milliseconds up to three times: the machine may be busy, the provider must not be. */
export async function timely(run: () => Promise<void>): Promise<void> {
  for (let left = 2; left > 0; left--) {
    try {
      return await run();
    } catch {
      // Once more.
    }
  }
  await run();
}
