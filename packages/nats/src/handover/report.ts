/** Deadlines of a hand-over's steps, in milliseconds. */
export interface HandoverDeadlines {
  /** Dialling, TLS and signing in, together with each wait for the new server. Default 3,000. */
  readonly proveMs: number;
  /** Reading the old connection to its end. Default 2,000. */
  readonly drainMs: number;
  /** Proving that another server of the cluster has the new interest. Default 3,000. */
  readonly probeMs: number;
  /**
   * How long the old connection stays for answers to requests that came on it, where the user may answer
   * them only there (`allow_responses`). Default 10,000.
   */
  readonly lingerMs: number;
}

/** Defaults of {@link HandoverDeadlines}; they hold for round trips up to about 800 ms. */
export const defaultHandoverDeadlines: HandoverDeadlines = {
  proveMs: 3000,
  drainMs: 2000,
  probeMs: 3000,
  lingerMs: 10_000,
};

/** A part of a hand-over. */
export interface HandoverStep {
  /**
   * `prove`: dial and sign in; `subscribe` the new socket; `overlap`: both are subscribed; `drain`: what is
   * sent waits, and the old socket is read to its end; `switch`: what is sent goes out on the new one.
   */
  readonly name: "prove" | "subscribe" | "overlap" | "drain" | "switch";
  /** When it began, by `performance.now()`. */
  readonly at: number;
}

/** What a hand-over did. */
export interface HandoverReport {
  /** Whether the new connection is to the server of the old one. */
  readonly sameServer: boolean;
  /** True if the old connection broke before it was read to its end: messages may be missing. */
  readonly gap: boolean;
  /** Outbound frames that had to wait for the switch. */
  readonly heldFrames: number;
  /** Inbound messages that had come in on the new connection before the switch. */
  readonly keptFrames: number;
  /** Messages dropped because the old connection had delivered them. */
  readonly copiesDropped: number;
  /** From the first dial to the switch, in milliseconds. */
  readonly durationMs: number;
  /** Its steps, in order. */
  readonly steps: readonly HandoverStep[];
}
