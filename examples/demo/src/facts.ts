import type { Latency } from "./latency.js";

/** What the demo found out. `npm run demo -- --json` prints it. */
export interface Facts {
  readonly servers: {
    readonly version: string;
    readonly lattice: string;
    readonly backing: string;
    /** Public keys: `O…`, `A…`, `U…`. */
    readonly operator: string;
    readonly account: string;
    readonly user: string;
  };
  readonly provider: {
    /** From the start of the process until it was healthy with both links. */
    readonly startMs: number;
    readonly hostDataBytes: number;
  };
  /** JWT and seed as sealed link secrets. */
  readonly secrets: Exchange;
  /** Other users' credentials take over while orders and requests come. */
  readonly rotation: Rotation;
  /** JWT and seed in plain link config. */
  readonly plaintext: Exchange;
  /** Plain link config with `credentials_policy=require-secrets`. */
  readonly refused: {
    /** As the provider logged them. */
    readonly errors: readonly string[];
    readonly healthy: boolean;
    readonly health: string;
    /** Connections that were made to the backing server all the same. */
    readonly dialled: number;
    /** Requests that were answered all the same. */
    readonly answered: number;
  };
}

/** What passed while credentials changed. */
export interface Rotation {
  readonly changes: number;
  readonly published: number;
  readonly handled: number;
  readonly lost: number;
  /** Orders with more than one receipt. */
  readonly doubled: number;
  readonly requests: number;
  readonly answers: number;
}

/** What passed between an ordinary NATS client and the component. */
export interface Exchange {
  /** Orders that the client published. */
  readonly published: number;
  /** Orders that the component was called with. */
  readonly handled: number;
  /** Receipts that the component published, as the client got them. */
  readonly receipts: number;
  readonly requests: number;
  readonly answers: number;
  readonly latency: Latency;
  /** Warnings, as the provider logged them. */
  readonly warnings: readonly string[];
}
