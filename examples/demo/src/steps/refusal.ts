import { until, type LinkOptions, type NatsServer } from "@keyturn/testkit";
import { RequestError } from "@nats-io/nats-core";

import type { Facts } from "../facts.js";
import { linesAt } from "../log-lines.js";
import { quoteEach } from "./quote-each.js";
import { replaceLinks } from "./replace-links.js";
import { expect, type Stage } from "./stage.js";

/** The same plain config is refused when secrets are required. */
export async function refusal(
  { screen, backing, host, customer }: Stage,
  old: readonly LinkOptions[],
  strict: readonly LinkOptions[],
): Promise<Facts["refused"]> {
  const from = host.stderr.length;
  const connectionsBefore = await connectionsMade(backing);
  await replaceLinks(host, old, strict);
  const health = await host.waitUnhealthy(
    // Of both links.
    /require-secrets.*require-secrets/,
  );
  const logged = (): string[] => linesAt("ERROR", host.stderr.text(from));
  await until("an error for each link", 10_000, () => {
    return logged().length >= strict.length;
  });
  const errors = logged();
  const answered = await customer
    .request("orders.price", "item 1", { timeout: 1000 })
    .then(
      () => 1,
      (error: unknown) => {
        if (isNoResponder(error)) return 0;
        throw error;
      },
    );
  const dialled = (await connectionsMade(backing)) - connectionsBefore;
  expect(
    dialled === 0,
    "The provider connected although the credential is refused.",
  );
  expect(
    answered === 0,
    "A request was answered although the link is refused.",
  );
  screen.line("error", "as the provider logged it:");
  quoteEach(screen, errors);
  screen.line("health", "false, and why, as the provider answers the host:");
  quoteEach(screen, health.split(/ (?=component )/));
  screen.good("refused: nothing was dialled, a request finds no responder");
  return { errors, healthy: false, health, dialled, answered };
}

/** How many connections a server has taken since it started. */
async function connectionsMade(server: NatsServer): Promise<number> {
  const { total_connections } = await server.monitor<{
    total_connections: number;
  }>("varz");
  return total_connections;
}

function isNoResponder(error: unknown): boolean {
  return error instanceof RequestError && error.isNoResponders();
}
