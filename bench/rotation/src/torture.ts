import {
  JetStreamTraffic,
  rotationTorture,
  type StreamReport,
} from "@keyturn/testkit";

import type { Room, Rotating } from "./room.js";
import { growth, type Growth } from "./growth.js";

/** Messages a second and stream, of six; messages out; requests each way; of each JetStream kind. */
const rates = { in: 1_700, out: 2_000, requests: 500, jetStream: 200 };

/** What became of all traffic while a connection changed its credential again and again. */
export interface TortureFigures {
  readonly rotations: number;
  readonly seconds: number;
  readonly inPerSecond: number;
  readonly sent: number;
  readonly lost: number;
  readonly doubled: number;
  readonly requests: number;
  readonly requestsFailed: number;
  readonly jetStreamSent: number;
  readonly jetStreamLost: number;
  readonly jetStreamDoubled: number;
  readonly redelivered: number;
  readonly unacknowledged: number;
  readonly longestGapMs: number;
  readonly rotationMs: { readonly p50: number; readonly p99: number };
  /** Over rotations without traffic, after a tenth of them and at their end. */
  readonly growth: Growth;
  /** What nats.js told of it, by type. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** @param tell called with the number of rotations done, now and then */
export async function torture(
  room: Room,
  tested: Rotating,
  rotations: number,
  random: () => number,
  tell: (done: number) => void,
): Promise<TortureFigures> {
  const peer = await room.peer();
  const began = performance.now();
  const beside = await JetStreamTraffic.start(
    tested.connection,
    peer,
    rates.jetStream,
  );
  const report = await rotationTorture({
    connection: tested.connection,
    peer,
    rotations,
    rate: rates.in,
    outRate: rates.out,
    requestRate: rates.requests,
    // Half of them back to back, the others at random moments.
    pauseMs: (round) => (round % 2 === 0 ? 0 : random() * 40),
    rotate: async (round) => {
      if (round % 50 === 0) tell(round);
      await tested.rotate();
    },
  });
  const jetStream = await beside.stop();
  const seconds = (performance.now() - began) / 1000;
  const sum = (
    streams: readonly StreamReport[],
    key: "sent" | "lost" | "duplicated",
  ): number => streams.reduce((total, stream) => total + stream[key], 0);
  const inward = report.streams.filter(({ name }) => name !== "publish");
  const at = (share: number): number =>
    Math.round(
      (report.rotationMs[Math.floor((report.rotationMs.length - 1) * share)] ??
        0) * 10,
    ) / 10;
  return {
    rotations: report.rotations,
    seconds: Math.round(seconds),
    inPerSecond: Math.round(sum(inward, "sent") / seconds),
    sent: sum(report.streams, "sent"),
    lost: sum(report.streams, "lost"),
    doubled: sum(report.streams, "duplicated"),
    requests: report.served.sent + report.made.sent,
    requestsFailed: report.served.failed + report.made.failed,
    jetStreamSent: sum(jetStream.streams, "sent"),
    jetStreamLost: sum(jetStream.streams, "lost"),
    jetStreamDoubled: sum(jetStream.streams, "duplicated"),
    redelivered: jetStream.redelivered,
    unacknowledged: jetStream.unacknowledged,
    longestGapMs: Math.round(
      Math.max(...report.streams.map(({ longestGapMs }) => longestGapMs)),
    ),
    rotationMs: { p50: at(0.5), p99: at(0.99) },
    growth: await growth(tested, Math.max(10, rotations)),
    statuses: counted(report.statuses),
  };
}

function counted(types: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const type of types) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}
