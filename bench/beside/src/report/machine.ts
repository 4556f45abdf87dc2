import { cpus, loadavg, release, totalmem } from "node:os";

import { findServerBinary } from "@keyturn/testkit";

import type { Contender } from "../arena/contender.js";

/** What the figures depend on: name and value. */
export type Machine = readonly (readonly [what: string, is: string])[];

/** Of now: ask before the runs, so that the load is that of others. */
export function describeMachine(
  contenders: readonly Contender[],
  command: string,
): Machine {
  const cores = cpus();
  return [
    ["Date", new Date().toISOString().slice(0, 10)],
    ["Command", `\`${command}\``],
    [
      "Machine",
      `${cores.length} cores of ${cores[0]?.model.trim() ?? "an unknown kind"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
    ],
    [
      "Load average before (1, 5, 15 minutes)",
      loadavg()
        .map((value) => value.toFixed(2))
        .join(", "),
    ],
    ["Servers", `nats-server ${findServerBinary().version}`],
    ...contenders.map(({ name, what }) => [name, what] as const),
  ];
}
