import type { CredentialChange } from "../handover/posture.js";

const firstMs = 100;
const longestMs = 2000;

/** Pauses between dials of one server: none first, then doubling from 100 ms to 2 s, with full jitter. */
export function reconnectDelays(): {
  next: () => number;
  onChange: (change: CredentialChange) => void;
} {
  let failures = 0;
  return {
    next: () =>
      failures === 0
        ? 0
        : Math.random() *
          Math.min(longestMs, firstMs * 2 ** Math.min(failures, 10)),
    onChange: (change) => {
      if (change.type === "dialFailed") failures++;
      else if (change.type === "connected") failures = 0;
    },
  };
}
