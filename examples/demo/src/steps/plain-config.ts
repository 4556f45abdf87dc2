import { until, type LinkOptions } from "@keyturn/testkit";

import type { Exchange } from "../facts.js";
import { exchange } from "./exchange.js";
import { quoteEach } from "./quote-each.js";
import { replaceLinks } from "./replace-links.js";
import { expect, type Stage } from "./stage.js";

/** The JWT and the seed stand in link config: that works, and the provider warns of it. */
export async function plainConfig(
  stage: Stage,
  old: readonly LinkOptions[],
  plain: readonly LinkOptions[],
): Promise<Exchange> {
  const { screen, host } = stage;
  const from = host.stderr.length;
  await replaceLinks(host, old, plain);
  await until("both links to be up", 10_000, () => {
    const log = host.stderr.text(from);
    return log.split(" is up.").length > plain.length;
  });
  await host.waitHealthy();
  const result = await exchange(stage, from);
  expect(
    result.warnings.length > 0,
    "The provider did not warn of a plaintext credential.",
  );
  screen.line("warning", "as the provider logged it:");
  quoteEach(screen, result.warnings);
  screen.good("it works, and warns once a link");
  return result;
}
