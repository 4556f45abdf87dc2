import { setTimeout as pause } from "node:timers/promises";

import { until, type NatsServer } from "@keyturn/testkit";

import type { Arena } from "../arena/arena.js";
import { handlerLink } from "../arena/contender.js";
import { memoryMiB } from "../arena/process-figures.js";
import { wallClockMs } from "../arena/wall-clock.js";
import type { Sample, Scenario } from "./scenario.js";

const count = 1000;
const patience = 60_000;

/** A thousand links of equal settings, each for a component of its own. */
export const links: Scenario = {
  name: "links",
  what: `${count} links of equal settings, put while the provider runs`,
  shows: [
    "ms",
    "connections",
    "linkKiB",
    "logLines",
    "warnings",
    "deleteMs",
    "lost",
  ],
  targets: [
    { metric: "ms", is: "at most", ratio: 0.5 },
    { metric: "connections", is: "at most", figure: 1 },
    { metric: "linkKiB", is: "at most", ratio: 0.5 },
    { metric: "warnings", is: "at most", figure: 0 },
    { metric: "lost", is: "at most", figure: 0 },
  ],
  rounds: { full: 5, quick: 2 },
  async open(contender, stage) {
    return {
      async run() {
        await using arena = await stage.open(contender, []);
        return await putAndDelete(arena);
      },
      close: () => Promise.resolve(),
    };
  },
};

async function putAndDelete(arena: Arena): Promise<Sample> {
  const { backing, host } = arena;
  const all = Array.from({ length: count }, (_, i) =>
    handlerLink(backing, `shop-${i}`, `in.${i}`),
  );
  await pause(1000);
  const before = {
    memory: memoryMiB(host.pid, "VmRSS"),
    log: host.stderr.length,
    ...(await statusOf(backing)),
  };
  const driver = arena.start("links", { count });
  await driver.ready;
  const began = wallClockMs();
  await Promise.all(all.map((link) => host.putLink(link)));
  const { lastAt = Number.NaN, lost } = await driver.result;
  await pause(1000);
  const after = {
    memory: memoryMiB(host.pid, "VmRSS"),
    ...(await statusOf(backing)),
  };
  const log = host.stderr.text(before.log).split("\n").slice(0, -1);
  const deleted = performance.now();
  await Promise.all(all.map((link) => host.deleteLink(link)));
  await until("the end of all subscriptions", patience, async () => {
    const { subscriptions } = await statusOf(backing);
    return subscriptions <= before.subscriptions;
  });
  return {
    ms: lastAt - began,
    connections: after.connections - before.connections,
    linkKiB: ((after.memory - before.memory) * 1024) / count,
    logLines: log.length,
    warnings: log.filter((line) => /\bwarn/i.test(line)).length,
    deleteMs: performance.now() - deleted,
    lost,
  };
}

function statusOf(
  server: NatsServer,
): Promise<{ readonly connections: number; readonly subscriptions: number }> {
  return server.monitor("varz");
}
