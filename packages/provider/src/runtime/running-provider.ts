import type { ControlCounters } from "../control/control-plane.js";
import type { Health } from "../health/compose-health.js";
import type { LinkCounters } from "../links/link-table.js";

/**
 * Why a provider stopped: the host asked for it, a signal came, the host's process is gone, the
 * lattice connection closed for good, `stop` was called, or it had not started well.
 */
export type StopReason =
  | "shutdown"
  | "signal"
  | "parent-gone"
  | "lattice-lost"
  | "stop"
  | "start-failed";

/** Counted since the start. */
export interface ProviderCounters {
  readonly links: LinkCounters;
  readonly control: ControlCounters;
}

/** A provider that serves, as the program that runs it sees it. */
export interface RunningProvider extends AsyncDisposable {
  readonly hostId: string;
  readonly providerId: string;
  readonly lattice: string;
  /** Public curve key `X…` on whose subject the host puts links; undefined on hosts before 1.1. */
  readonly xkey: string | undefined;
  /** Links in the table, well or not. */
  readonly linkCount: number;
  /** What the host would be answered now. */
  health(): Health;
  counters(): ProviderCounters;
  /** Ends it as a shutdown by the host does. Idempotent. */
  stop(): Promise<void>;
  /** Settles with the reason when it has stopped, whoever stopped it. Never rejects. */
  readonly stopped: Promise<StopReason>;
}
