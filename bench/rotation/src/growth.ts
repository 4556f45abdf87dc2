import type { Rotating } from "./room.js";

/** What rotations leave behind. */
export interface Growth {
  readonly heapKiB: number;
  readonly handles: number;
}

/** Rotates a quiet connection, and compares heap and handles after a tenth of that with its end. */
export async function growth(
  tested: Rotating,
  rotations: number,
): Promise<Growth> {
  for (let i = 0; i < rotations / 10; i++) await tested.rotate();
  const before = await measure();
  for (let i = 0; i < rotations; i++) await tested.rotate();
  const after = await measure();
  return {
    heapKiB: Math.round((after.heap - before.heap) / 1024),
    handles: after.handles - before.handles,
  };
}

async function measure(): Promise<{ heap: number; handles: number }> {
  // Sockets that were left linger for a moment.
  await new Promise((resolve) => setTimeout(resolve, 500));
  if (globalThis.gc === undefined)
    throw new Error("Start Node with --expose-gc.");
  for (let i = 0; i < 3; i++) globalThis.gc();
  return {
    heap: process.memoryUsage().heapUsed,
    handles: process.getActiveResourcesInfo().length,
  };
}
