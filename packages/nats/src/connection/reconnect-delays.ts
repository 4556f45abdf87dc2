import type { CredentialChange } from "../handover/posture.js";

const firstMs = 100;
const longestMs = 2000;
/** A connection that broke sooner than this counts as a failed dial. */
const steadyMs = 5000;

/**
 * Pauses between dials of one server: none after a steady connection, then doubling from 100 ms to 2 s,
 * with full jitter.
 */
export function reconnectDelays(now: () => number = Date.now): {
  next: () => number;
  onChange: (change: CredentialChange) => void;
} {
  let failures = 0;
  let connectedAt: number | undefined;
  return {
    next: () => {
      if (connectedAt !== undefined) {
        failures = now() - connectedAt >= steadyMs ? 0 : failures + 1;
        connectedAt = undefined;
      }
      return failures === 0
        ? 0
        : Math.random() *
            Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 10));
    },
    onChange: (change) => {
      if (change.type === "dialFailed") failures++;
      else if (change.type === "connected") connectedAt = now();
    },
  };
}
