import type { CredentialChange } from "../handover/posture.js";

const firstMs = 100;
const longestMs = 2000;
/** After a refusal: the same credential will hardly be taken soon, and servers log each attempt. */
const longestRefusedMs = 4000;
/** A connection that broke sooner than this counts as a failed dial. */
const steadyMs = 5000;

/**
 * Pauses between dials of one server: none after a steady connection or with a new credential, then
 * doubling from 100 ms to 2 s, or 4 s while the credential is refused; with full jitter.
 */
export function reconnectDelays(now: () => number = Date.now): {
  next: () => number;
  onChange: (change: CredentialChange) => void;
} {
  let failures = 0;
  let isRefused = false;
  let connectedAt: number | undefined;
  return {
    next: () => {
      if (connectedAt !== undefined) {
        failures = now() - connectedAt >= steadyMs ? 0 : failures + 1;
        connectedAt = undefined;
      }
      if (failures === 0) return 0;
      const longest = isRefused ? longestRefusedMs : longestMs;
      return (
        Math.random() *
        Math.min(longest, firstMs * 2 ** Math.min(failures - 1, 10))
      );
    },
    onChange: (change) => {
      switch (change.type) {
        case "dialFailed":
          failures++;
          isRefused = change.isRefusal;
          return;
        case "connected":
          connectedAt = now();
          return;
        case "refreshed":
          failures = 0;
          isRefused = false;
          return;
        default:
          return;
      }
    },
  };
}
