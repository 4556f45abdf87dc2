import { setTimeout as pause } from "node:timers/promises";

import type { NatsConnection } from "@nats-io/nats-core";

import { now } from "./clock.js";
import type { TortureReport } from "./torture-report.js";
import { TrafficAround, type TrafficOptions } from "./traffic-around.js";

/** What is rotated, and how. */
export interface RotateOptions extends TrafficOptions {
  readonly connection: NatsConnection;
  /** Changes the credential of the connection; the next rotation begins when it resolves. */
  readonly rotate: (round: number) => Promise<void>;
  /** How many rotations. Default 20. */
  readonly rotations?: number;
  /** Pause before each rotation in milliseconds. Default 20. */
  readonly pauseMs?: number;
}

/**
 * Rotates the credential of a connection that is there already, under numbered traffic in all directions,
 * and accounts for every message. `rotationTorture` makes servers and connection itself.
 */
export async function rotateUnderTraffic(
  options: RotateOptions,
): Promise<TortureReport> {
  const traffic = await TrafficAround.start(options.connection, options);
  try {
    for (let round = 0; round < (options.rotations ?? 20); round++) {
      await pause(options.pauseMs ?? 20);
      const start = now();
      await options.rotate(round);
      traffic.timeline.rotations.push({ start, end: now(), steps: [] });
    }
    await pause(50);
  } catch (error) {
    await traffic.finish().catch(() => undefined);
    throw error;
  }
  return traffic.finish();
}
