import type { LinkOptions } from "@keyturn/testkit";

import type { Arena } from "../arena/arena.js";
import type { Contender } from "../arena/contender.js";
import type { Metric } from "./metrics.js";

/** What one run gives: a figure for each metric that it has. */
export type Sample = Readonly<Partial<Record<Metric, number>>>;

/** How thorough a run of the bench is. */
export interface Effort {
  readonly isQuick: boolean;
  /** How long a soak takes, in seconds. */
  readonly soakSeconds: number;
}

/** What a scenario needs besides its contender. */
export interface Stage {
  readonly effort: Effort;
  /** Executable of the driver. */
  readonly driver: string;
  /** Starts servers and a contender. @param links Default: one each way for the component */
  open(contender: Contender, links?: readonly LinkOptions[]): Promise<Arena>;
}

/** A figure that ours is asked for. */
export interface Target {
  readonly metric: Metric;
  readonly is: "at most" | "at least";
  /** A share of the other provider's figure, or a figure of its own. */
  readonly ratio?: number;
  readonly figure?: number;
}

/** One row of the table, measured for each contender in turns. */
export interface Scenario {
  /** As in `npm run bench -- beside NAME`; the part before the first blank names a group. */
  readonly name: string;
  /** What happens, for people. */
  readonly what: string;
  /** Metrics in the order in which they are shown. */
  readonly shows: readonly Metric[];
  readonly targets?: readonly Target[];
  /** Runs of each contender. With none of them quick it is left out of quick ones unless named. */
  readonly rounds: { readonly full: number; readonly quick: number };
  /** The single executable takes part too, if there is one. */
  readonly withExecutable?: boolean;
  /** Nobody takes part but the driver and a server. */
  readonly isWithoutProvider?: boolean;
  /** Bare providers that do nothing but the exchange take part too; not if all is run quickly. */
  readonly withFloors?: boolean;
  /** Called once for each contender, the runs of which then alternate with the others'. */
  open(contender: Contender, stage: Stage): Promise<Runs>;
  /** Called once when all are open, before the runs: what they need to know of each other. */
  prepare?(runs: readonly Runs[]): Promise<void>;
}

/** The runs of one contender. */
export interface Runs {
  run(): Promise<Sample>;
  close(): Promise<void>;
}
