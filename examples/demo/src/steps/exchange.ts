import { visit } from "../customer.js";
import type { Exchange } from "../facts.js";
import { linesAt } from "../log-lines.js";
import { expect, type Stage } from "./stage.js";

/**
 * A customer's visit, with what the component and the provider's log say of it.
 *
 * @param from position in the provider's log from which on its warnings count
 */
export async function exchange(
  { screen, host, shop, customer }: Stage,
  from: number,
): Promise<Exchange> {
  const before = shop.calls;
  const seen = await visit(customer);
  const handled = shop.calls - before - seen.requests;
  const warnings = linesAt("WARN", host.stderr.text(from));
  const { published, receipts, requests, answers, latency } = seen;
  expect(
    handled === published,
    `Of ${published} orders ${handled} reached the component.`,
  );
  screen.line(
    "orders",
    `${published} published, ${handled} reached the component, ${receipts} receipts came back`,
  );
  screen.line(
    "requests",
    `${requests} sent, ${answers} answered: p50 ${latency.p50Ms} ms, p99 ${latency.p99Ms} ms`,
  );
  return { ...seen, handled, warnings };
}
