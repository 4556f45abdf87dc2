import { natsServer } from "@keyturn/testkit";

import { startDriver, type DriverFlags } from "../arena/driver.js";
import { cpuSeconds } from "../arena/process-figures.js";
import type { Scenario } from "./scenario.js";

/** What driver and server do with each other when no provider is between them. */
function floor(
  name: string,
  what: string,
  mode: string,
  flags: DriverFlags & { readonly count: number },
): Scenario {
  return {
    name: `floor ${name}`,
    what,
    shows: ["perSecond", "p50", "p99", "serversCpu", "driverCpu", "lost"],
    rounds: { full: 5, quick: 1 },
    isWithoutProvider: true,
    async open(_contender, stage) {
      const server = await natsServer({ debug: false });
      const { url, pid } = server;
      const drive = () =>
        startDriver(stage.driver, mode, {
          lattice: url,
          backing: url,
          size: 1024,
          ...flags,
        }).result;
      await drive();
      return {
        async run() {
          const before = cpuSeconds(pid);
          const result = await drive();
          const per = 100_000 / flags.count;
          return {
            perSecond: result.perSecond,
            p50: result.latencyMs?.p50 ?? Number.NaN,
            p99: result.latencyMs?.p99 ?? Number.NaN,
            serversCpu: (cpuSeconds(pid) - before) * per,
            driverCpu: result.cpuSeconds * per,
            lost: result.lost,
          };
        },
        close: () => server.stop(),
      };
    },
  };
}

export const floors: readonly Scenario[] = [
  floor(
    "publish",
    "publish and subscribe through the server alone, 1 KiB, 256 under way",
    "core",
    { window: 256, count: 100_000 },
  ),
  floor(
    "request",
    "request and reply through the server alone, 1 KiB, 64 outstanding",
    "ask",
    { window: 64, count: 50_000 },
  ),
  floor(
    "request 1",
    "request and reply through the server alone, 1 KiB, one at a time",
    "ask",
    { window: 1, count: 5000 },
  ),
  floor(
    "wrpc",
    "calls between two bare peers of wRPC in Go, 1 KiB, 64 outstanding",
    "pair",
    { window: 64, count: 50_000 },
  ),
];
