import { Site, type Rotatable, type TortureSite } from "@keyturn/testkit";

/** What rotations leave behind. */
export interface Growth {
  readonly heapKiB: number;
  readonly handles: number;
}

/** Rotates a quiet connection, and compares heap and handles after a tenth of that with its end. */
export async function growth(
  connect: (site: TortureSite) => Promise<Rotatable>,
  rotations: number,
): Promise<Growth> {
  await using site = await Site.open({ jetStream: false });
  const tested = await connect(site);
  const rotate = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      site.advance();
      await tested.rotate();
    }
  };
  await rotate(rotations / 10);
  const before = await measure();
  await rotate(rotations);
  const after = await measure();
  await tested.connection.close();
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
