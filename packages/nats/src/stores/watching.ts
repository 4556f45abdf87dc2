import { setTimeout as pause } from "node:timers/promises";

const firstPauseMs = 500;
const longestPauseMs = 30_000;

/**
 * Calls `changed` about every `everyMs`, so that the store is read again. A tenth of it is random, since
 * many programs may begin at once.
 *
 * @returns what ends that
 */
export function poll(everyMs: number, changed: () => void): () => void {
  let timer: NodeJS.Timeout;
  const next = (): void => {
    timer = setTimeout(
      () => {
        next();
        changed();
      },
      everyMs * (0.95 + Math.random() / 10),
    );
    timer.unref();
  };
  next();
  return () => clearTimeout(timer);
}

/**
 * Does `work` until its signal is aborted: what fails is begun again, after a pause.
 *
 * @returns what ends that
 */
export function keepGoing(
  work: (signal: AbortSignal) => Promise<void>,
): () => void {
  const ended = new AbortController();
  const { signal } = ended;
  const go = async (): Promise<void> => {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await work(signal);
      } catch {
        // Whoever reads is told why.
      }
      const ms = Math.min(longestPauseMs, firstPauseMs * 2 ** failures);
      await pause(ms, undefined, { signal, ref: false }).catch(() => undefined);
    }
  };
  void go();
  return () => ended.abort();
}

/** Waits for `work`, but no longer than the signal lets it. @throws the signal's reason */
export async function orAborted<T>(
  signal: AbortSignal,
  work: Promise<T>,
): Promise<T> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener("abort", stop);
    // Its failure is nobody's any more.
    work.catch(() => undefined);
  }
}
