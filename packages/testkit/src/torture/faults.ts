import { setTimeout as pause } from "node:timers/promises";

import type { Site } from "./site.js";

/**
 * What goes wrong around a rotation.
 *
 * - `cut`: all connections of the client are reset, also the one that is about to take over
 * - `stall`: the network holds everything back for a moment
 * - `slow`: each byte takes some milliseconds
 * - `elsewhere`: the server in use takes no further connection (needs a cluster)
 * - `restart`: a server goes down and comes back
 * - `revoke`: the user in use is revoked, and another one takes its turn
 * - `refuse`: the source gives a user whom the servers do not know
 * - `source-down`: the source throws
 */
export type TortureFault =
  | "cut"
  | "stall"
  | "slow"
  | "elsewhere"
  | "restart"
  | "revoke"
  | "refuse"
  | "source-down";

interface FaultKind {
  /** What is on its way on the connection may be lost, whatever a client does. */
  readonly breaks: boolean;
  /** `rotate` has to say that it could not. */
  readonly refuses: boolean;
  /** Before `rotate` is called. */
  readonly before?: (site: Site) => Promise<void>;
  /** While it runs. */
  readonly strike?: (site: Site, random: () => number) => Promise<void>;
}

const gentle = { breaks: false, refuses: false };
const breaking = { breaks: true, refuses: false };
const refusing = { breaks: false, refuses: true };

export const faultKinds: Readonly<Record<TortureFault, FaultKind>> = {
  cut: {
    ...breaking,
    strike: async ({ proxies }) => {
      for (const proxy of proxies) proxy.cut();
    },
  },
  stall: {
    ...gentle,
    strike: async ({ proxies }, random) => {
      for (const proxy of proxies) proxy.pause();
      await pause(50 + random() * 250);
      for (const proxy of proxies) proxy.heal();
    },
  },
  slow: {
    ...gentle,
    strike: async ({ proxies }, random) => {
      for (const proxy of proxies) proxy.delay(1 + random() * 20);
      await pause(100);
      for (const proxy of proxies) proxy.heal();
    },
  },
  elsewhere: {
    ...gentle,
    before: async ({ proxies }) => {
      for (const proxy of proxies) if (proxy.open > 0) proxy.refuse();
    },
  },
  restart: {
    ...breaking,
    strike: async ({ members, proxies }, random) => {
      const inUse = proxies.findIndex((proxy) => proxy.open > 0);
      await pause(random() * 10);
      await members[Math.max(0, inUse)]?.restart();
    },
  },
  revoke: { ...breaking, strike: (site) => site.revoke() },
  refuse: {
    ...refusing,
    before: async (site) => {
      const stranger = await site.stranger();
      site.override = async () => stranger;
    },
  },
  "source-down": {
    ...refusing,
    before: async (site) => {
      site.override = async () => {
        throw new Error("the store is down");
      };
    },
  },
};

/** All there are. */
export const tortureFaults = Object.keys(faultKinds) as TortureFault[];

/** Ends what a fault left in place. */
export function heal(site: Site): void {
  site.override = undefined;
  for (const proxy of site.proxies) proxy.heal();
}
