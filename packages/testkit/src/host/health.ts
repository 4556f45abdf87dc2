import type { NatsConnection } from "@nats-io/nats-core";

/** A provider's answer to a health request. */
export interface HealthAnswer {
  readonly healthy: boolean;
  readonly message?: string;
}

const pollMs = 20;

/**
 * Asks for health as a host does: with an empty request.
 *
 * @throws Error if there is no answer in time, or not a valid one
 */
export async function askHealth(
  connection: NatsConnection,
  subject: string,
  timeout: number,
): Promise<HealthAnswer> {
  const answer = await connection.request(subject, "", { timeout });
  const { healthy = false, message } = answer.json<Record<string, unknown>>();
  const isText = typeof message === "string";
  const isAbsent = message === undefined || message === null;
  if (typeof healthy !== "boolean" || !(isText || isAbsent))
    throw new Error(`Not a valid health answer: ${answer.string()}`);
  return { healthy, ...(isText && { message }) };
}

/**
 * Asks again and again until the answer is the wanted one.
 *
 * @param hope whether there is any left; asked before each request
 * @throws Error that ends with the last answer
 */
export async function awaitHealth(
  ask: () => Promise<HealthAnswer>,
  wanted: (answer: HealthAnswer) => boolean,
  ms: number,
  hope: () => boolean,
): Promise<HealthAnswer> {
  let last = "no answer";
  const end = performance.now() + ms;
  while (performance.now() < end) {
    if (!hope())
      throw new Error(`the provider's process has ended. Last: ${last}`);
    try {
      const answer = await ask();
      if (wanted(answer)) return answer;
      last = JSON.stringify(answer);
    } catch (error) {
      last = String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  throw new Error(`not within ${ms} ms. Last: ${last}`);
}
