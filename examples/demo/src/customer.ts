import { until } from "@keyturn/testkit";
import type { NatsConnection } from "@nats-io/nats-core";

import { latencyOf, type Latency } from "./latency.js";

const orders = 1000;
const requests = 200;
const waitMs = 10_000;

/** What a customer saw. */
export interface Visit {
  readonly published: number;
  readonly receipts: number;
  readonly requests: number;
  readonly answers: number;
  readonly latency: Latency;
}

/**
 * An ordinary NATS client, which knows nothing of components: publishes orders, waits for their
 * receipts, and asks for prices one after another.
 *
 * @throws Error that says what did not come
 */
export async function visit(customer: NatsConnection): Promise<Visit> {
  const seen = new Set<string>();
  const subscription = customer.subscribe("receipts.*", {
    callback: (_error, message) => {
      seen.add(message.subject);
    },
  });
  await customer.flush();
  for (let order = 1; order <= orders; order++) {
    customer.publish("orders.new", String(order));
  }
  await until(`${orders} receipts`, waitMs, () => seen.size >= orders);
  subscription.unsubscribe();

  const durations: number[] = [];
  for (let item = 1; item <= requests; item++) {
    const started = performance.now();
    const answer = await customer.request("orders.price", `item ${item}`, {
      timeout: waitMs,
    });
    durations.push(performance.now() - started);
    if (answer.string() !== `item ${item}: 42`) {
      throw new Error(
        `The price of item ${item} came back as "${answer.string()}".`,
      );
    }
  }
  return {
    published: orders,
    receipts: seen.size,
    requests,
    answers: durations.length,
    latency: latencyOf(durations),
  };
}
