import {
  PermissionViolationError,
  type NatsConnection,
  type Status,
  type Subscription,
} from "@nats-io/nats-core";

import { fail } from "../errors/nats-errors.js";

/** How long {@link confirmSubscriptions} waits, in milliseconds. */
export const defaultConfirmMs = 3000;

/**
 * Resolves when the server has taken these subscriptions. `subscribe()` itself cannot tell: it returns
 * before the server has seen anything, and a refusal comes later.
 *
 * @throws KeyturnError `SUBSCRIPTION_REFUSED`, `SUBSCRIPTION_LIMIT`, `SUBSCRIPTION_UNCONFIRMED`; the
 *   subscriptions that the server took are still there then
 */
export async function confirmSubscriptions(
  connection: NatsConnection,
  subscriptions: readonly Subscription[],
  timeoutMs: number = defaultConfirmMs,
): Promise<void> {
  const limit = new LimitWatch(connection);
  try {
    await answered(connection, timeoutMs);
    for (const subscription of subscriptions) {
      // What is closed now was not closed by its owner, who waits here.
      if (subscription.isClosed())
        throw refusal(subscription, await subscription.closed);
    }
    if (limit.text !== undefined)
      throw fail(
        "SUBSCRIPTION_LIMIT",
        `The server takes no more subscriptions of this connection: ${limit.text}.`,
      );
  } finally {
    limit.end();
  }
}

/** A round trip: what the server says to earlier commands comes before its answer. */
async function answered(
  connection: NatsConnection,
  timeoutMs: number,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  try {
    await Promise.race([connection.flush(), late]);
  } catch (cause) {
    throw fail(
      "SUBSCRIPTION_UNCONFIRMED",
      `The server did not confirm the subscriptions: ${(cause as Error).message}.`,
      { cause },
    );
  } finally {
    clearTimeout(timer);
  }
}

function refusal(subscription: Subscription, reason: void | Error): Error {
  const subject = subscription.getSubject();
  const details = reason === undefined ? {} : { cause: reason };
  if (!(reason instanceof PermissionViolationError))
    return fail(
      "SUBSCRIPTION_UNCONFIRMED",
      `The subscription to \`${subject}\` was closed meanwhile.`,
      details,
    );
  const { queue } = reason;
  const group = queue === undefined ? "" : ` in queue group \`${queue}\``;
  return fail(
    "SUBSCRIPTION_REFUSED",
    `The server refused the subscription to \`${subject}\`${group}.`,
    details,
  );
}

/** A limit of subscriptions is told to the connection alone, not to the subscription it hits. */
class LimitWatch {
  text: string | undefined;
  readonly #statuses: AsyncIterable<Status>;

  constructor(connection: NatsConnection) {
    const statuses = connection.status();
    this.#statuses = statuses;
    void (async () => {
      for await (const status of statuses) {
        if (
          status.type === "error" &&
          /maximum subscriptions exceeded/i.test(status.error.message)
        )
          this.text = status.error.message;
      }
    })();
  }

  end(): void {
    // nats.js' iterators end so; its types do not tell.
    (this.#statuses as unknown as { stop(): void }).stop();
  }
}
