import { Secret } from "@keyturn/nats";
import { until } from "@keyturn/testkit";

import type { Link } from "../links/link.js";
import { LinkTable } from "../links/link-table.js";
import type { RetryPolicy } from "../links/retry.js";
import { ScriptedHandler } from "./scripted-handler.test.fixture.js";

/** Failed operations are not tried again while a test runs. */
export const slow = { firstMs: 60_000, maxMs: 60_000 };
export const quick = { firstMs: 4, maxMs: 16 };

/** A link with the config value `v`. */
export function link(value: string, changes: Partial<Link> = {}): Link {
  const direction = changes.direction ?? "target";
  const peer = changes.peer ?? "echo";
  const name = changes.name ?? "default";
  return {
    key: `${direction} ${peer} ${name} wasmcloud:messaging`,
    direction,
    peer,
    name,
    namespace: "wasmcloud",
    package: "messaging",
    interfaces: ["consumer"],
    config: { v: value },
    exposed: new Map([["seed", Secret.fromText(`exposed ${value}`)]]),
    secrets: new Map([["seed", Secret.fromText(`secret ${value}`)]]),
    ...changes,
  };
}

/** Whether all secrets of each link are wiped. */
export function wiped(...links: Link[]): boolean[] {
  return links.map((one) =>
    [...one.exposed.values(), ...one.secrets.values()].every((s) => s.wiped),
  );
}

/** A link table at work. */
export function started(
  options: { change: boolean; retry?: RetryPolicy } = { change: true },
) {
  const table = new LinkTable(options.retry ?? quick);
  const handler = new ScriptedHandler(options);
  table.begin(handler);
  const begun = (count: number) =>
    until(
      `operation ${count}`,
      5_000,
      () => handler.operations.length >= count,
    );
  return { table, handler, begun };
}

/** Lets everything run that is ready to run. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 2));
