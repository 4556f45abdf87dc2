import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { HostDouble, natsServer, until } from "@keyturn/testkit";

import { links, providerId } from "./room.js";
import { median } from "./statistics.js";

const run = promisify(execFile);
const runs = 7;

/** How long it takes until a provider that was started is healthy with two links: medians. */
export async function measureStart(
  program: string,
): Promise<{ readonly healthyMs: number; readonly bareNodeMs: number }> {
  await using lattice = await natsServer();
  await using backing = await natsServer();
  const healthy: number[] = [];
  const bare: number[] = [];
  for (let i = 0; i < runs; i++) {
    const bareBegan = performance.now();
    await run(process.execPath, ["-e", ""]);
    bare.push(performance.now() - bareBegan);
    const began = performance.now();
    await using host = await HostDouble.start({
      lattice,
      provider: [process.execPath, program],
      providerId,
      links: links(backing),
    });
    await until("health", 10_000, async () =>
      host.health().then(
        ({ healthy: isHealthy }) => isHealthy,
        () => false,
      ),
    );
    healthy.push(performance.now() - began);
  }
  return {
    healthyMs: Math.round(median(healthy)),
    bareNodeMs: Math.round(median(bare)),
  };
}
