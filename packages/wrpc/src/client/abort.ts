/** What an abort signal ends. */
export interface Abortable {
  onAbort(reason: unknown): void;
}

interface Watch {
  readonly waiting: Set<Abortable>;
  readonly listener: () => void;
}

// One listener a signal: with one a call, the eleventh call under a signal that ends many (that of
// a shutdown, say) would make Node.js warn of a leak.
const watches = new WeakMap<AbortSignal, Watch>();

/** Calls `onAbort` when the signal fires, until {@link unwatchAbort}. */
export function watchAbort(signal: AbortSignal, abortable: Abortable): void {
  let watch = watches.get(signal);
  if (watch === undefined) {
    const waiting = new Set<Abortable>();
    const listener = (): void => {
      watches.delete(signal);
      for (const each of waiting) each.onAbort(signal.reason);
    };
    watch = { waiting, listener };
    watches.set(signal, watch);
    signal.addEventListener("abort", listener, { once: true });
  }
  watch.waiting.add(abortable);
}

/** Undoes {@link watchAbort}; the last one leaves nothing at the signal. */
export function unwatchAbort(signal: AbortSignal, abortable: Abortable): void {
  const watch = watches.get(signal);
  if (watch === undefined) return;
  watch.waiting.delete(abortable);
  if (watch.waiting.size > 0) return;
  watches.delete(signal);
  signal.removeEventListener("abort", watch.listener);
}
