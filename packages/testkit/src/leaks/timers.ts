import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";

/** The part of Node's Timeout that tells whether it is over. */
interface TimeoutInternals {
  readonly _destroyed?: boolean;
}

interface Known {
  readonly timer: object;
  readonly kind: string;
  readonly ms: unknown;
  readonly callback: unknown;
}

const sweepAt = 4096;

/**
 * Begins to keep account of timers, those too that do not keep the process alive.
 *
 * @returns gives a line for each timer that is still set, with the beginning of its callback's
 * source
 */
export function trackTimers(): () => string[] {
  let known: Known[] = [];
  let sweepNext = sweepAt;
  const remember = (one: Known): void => {
    known.push(one);
    if (known.length < sweepNext) return;
    known = known.filter(isSet);
    sweepNext = Math.max(sweepAt, known.length * 2);
  };

  const wrap = <F extends (...args: never[]) => object>(
    kind: string,
    original: F,
  ): F => {
    const wrapped = (...args: Parameters<F>): object => {
      const timer = original(...args);
      const [callback, ms] = args as readonly unknown[];
      remember({ timer, kind, ms, callback });
      return timer;
    };
    // Among these is the form that `util.promisify` looks for.
    Object.defineProperties(
      wrapped,
      Object.getOwnPropertyDescriptors(original),
    );
    return wrapped as unknown as F;
  };

  timers.setTimeout = wrap("a timer", timers.setTimeout);
  timers.setInterval = wrap("an interval", timers.setInterval);
  globalThis.setTimeout = timers.setTimeout;
  globalThis.setInterval = timers.setInterval;
  syncBuiltinESMExports();
  return () => known.filter(isSet).map(told);
}

function isSet({ timer }: Known): boolean {
  return (timer as TimeoutInternals)._destroyed === false;
}

function told({ kind, ms, callback }: Known): string {
  const source = String(callback).replaceAll(/\s+/g, " ").slice(0, 120);
  return `${kind} of ${String(ms)} ms: ${source}`;
}
