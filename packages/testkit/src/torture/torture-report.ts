import type { FailedRequest } from "./requests.js";
import { spread, type Spread, type StreamReport } from "./stream-report.js";
import type { Timeline } from "./timeline.js";

/** What became of everything that was on its way while credentials rotated. */
export interface TortureReport {
  readonly rotations: number;
  /** How long a rotation took, in milliseconds, without those that a fault hit. */
  readonly rotationMs: Spread;
  /** One for each stream of core NATS messages, to the client under test and from it. */
  readonly streams: readonly StreamReport[];
  /** The same of JetStream and KV; empty if there was none. */
  readonly jetStream: readonly StreamReport[];
  /** Requests that the peer made and the client served. */
  readonly served: RequestReport;
  /** Requests that the client made. */
  readonly made: RequestReport;
  /** Messages that the server delivered again although they had been acknowledged, outside of faults. */
  readonly redelivered: number;
  /** JetStream publishes of the client without acknowledgement, outside of faults. */
  readonly unacknowledged: number;
  /** Publishes that the client refused, outside of faults. */
  readonly refusedPublishes: number;
  /** What happened to rotations that should not have: they failed, or took what they had to refuse. */
  readonly wrongRotations: readonly string[];
  /** Each fault that struck, in order. */
  readonly faults: readonly FaultReport[];
  /** Status events of the client, without pings, which come with time. */
  readonly statuses: readonly string[];
}

/** Requests of one direction. */
export interface RequestReport {
  readonly sent: number;
  /** Without those that a fault explains. */
  readonly failed: number;
  readonly excused: number;
  /** Texts of the failures (the first 20), and where in a rotation they were. */
  readonly errors: readonly string[];
}

/** What a fault did. */
export interface FaultReport {
  readonly fault: string;
  readonly rotation: number;
  /** How long after it the client answered again, in milliseconds; undefined: it did not within 10 s. */
  readonly recoveredMs: number | undefined;
}

const shownErrors = 20;

/** Sorts failures into those that a fault explains and those that nothing does. */
export function requestReport(
  sent: number,
  failures: readonly FailedRequest[],
  timeline: Timeline,
): RequestReport {
  const real = failures.filter(
    ({ from, to }) => !timeline.wasDisturbed(from, to),
  );
  return {
    sent,
    failed: real.length,
    excused: failures.length - real.length,
    errors: real
      .slice(0, shownErrors)
      .map(({ from, error }) => `${error}: ${timeline.describe(from)}`),
  };
}

/** How long rotations took that no fault hit. */
export function rotationSpread(timeline: Timeline): Spread {
  return spread(
    timeline.rotations
      .filter(({ start, end }) => !timeline.wasDisturbed(start, end))
      .map(({ start, end }) => end - start),
  );
}
