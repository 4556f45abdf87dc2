import { until, type LinkOptions } from "@keyturn/testkit";

import type { Facts } from "../facts.js";
import { linesAt } from "../log-lines.js";
import { replaceLinks } from "./replace-links.js";
import { expect, type Stage } from "./stage.js";

/** The same plain config is refused when secrets are required. */
export async function refusal(
  { screen, host, customer }: Stage,
  old: readonly LinkOptions[],
  strict: readonly LinkOptions[],
): Promise<Facts["refused"]> {
  const from = host.stderr.length;
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
      () => 0,
    );
  expect(
    answered === 0,
    "A request was answered although the link is refused.",
  );
  screen.line("error", "as the provider logged it:");
  for (const error of errors) screen.quote(error);
  screen.line("health", "what `wash` shows of it:");
  screen.quote(`unhealthy: ${health}`);
  screen.good("refused: nothing was dialled, a request finds no responder");
  return { errors, healthy: false, health, answered };
}
