import { fileURLToPath } from "node:url";

import { hostDataLine, type HostDouble } from "@keyturn/testkit";

import type { Facts } from "../facts.js";
import type { Screen } from "../screen.js";

/** Path of the executable that `@keyturn/messaging` installs. */
export function providerProgram(): string {
  return fileURLToPath(
    new URL("main.js", import.meta.resolve("@keyturn/messaging")),
  );
}

/** Waits for the provider's health, and tells how it was started. */
export async function tellStart(
  screen: Screen,
  host: HostDouble,
  started: number,
): Promise<Facts["provider"]> {
  await host.waitHealthy();
  const startMs = Math.round(performance.now() - started);
  const hostDataBytes = hostDataLine(host.hostData()).length;
  screen.line("started", "keyturn-messaging, with an empty environment");
  screen.line(
    "stdin",
    `one line of HostData in base64, ${hostDataBytes.toLocaleString("en")} bytes`,
  );
  screen.line("links", 'component "shop", both ways: handler and consumer');
  screen.line("secrets", "client_jwt, client_seed: sealed for this provider");
  screen.good(`healthy, both links ready, after ${startMs} ms`);
  return { startMs, hostDataBytes };
}
