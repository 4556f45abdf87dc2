import {
  AuthorizationError,
  PermissionViolationError,
  UserAuthenticationExpiredError,
  type NatsConnection,
  type Status,
} from "@nats-io/nats-core";

import type { NatsEvent } from "../events/nats-events.js";
import { teller, type Teller } from "../events/teller.js";

/**
 * Tells what happens to a connection as events on the channel `keyturn:nats`, and to `listener`; ends
 * when the connection is closed.
 *
 * Refusals of subscriptions and publishes come from the server some time after the call, and nowhere
 * else than here: type `permissionViolation`, with the `subject`.
 */
export function watchConnection(
  connection: NatsConnection,
  label: string,
  listener?: (event: NatsEvent) => void,
): void {
  watchWith(connection, teller(label, listener));
}

/** As {@link watchConnection}, for who has a teller already. */
export function watchWith(connection: NatsConnection, tell: Teller): void {
  const statuses = new Statuses(tell);
  void (async () => {
    for await (const status of connection.status()) statuses.on(status);
  })();
  void connection.closed().then((error) =>
    tell({
      type: "closed",
      level: error === undefined ? "debug" : "error",
      message: "The connection was closed.",
      ...(error === undefined ? {} : { error }),
    }),
  );
}

/** Turns the statuses of nats.js into events: without its repetitions, and with what they mean. */
class Statuses {
  readonly #tell: Teller;
  #isDown = false;
  /** The last text of the server since the connection was last well. */
  #lastText: string | undefined;

  constructor(tell: Teller) {
    this.#tell = tell;
  }

  on(status: Status): void {
    switch (status.type) {
      case "disconnect":
        this.#isDown = true;
        this.#tell({
          type: "disconnected",
          level: "warn",
          message: "The connection was lost.",
          server: status.server,
        });
        return;
      case "reconnect":
        this.#onReconnect(status.server);
        return;
      case "error":
        this.#onError(status.error);
        return;
      case "ldm":
        this.#tell({
          type: "lameDuck",
          level: "info",
          message: "The server is about to stop.",
          server: status.server,
        });
        return;
      case "slowConsumer":
        this.#tell({
          type: "slowConsumer",
          level: "warn",
          message: `${status.pending} messages wait in a subscription.`,
          subject: status.sub.getSubject(),
        });
        return;
      case "staleConnection":
        // nats.js says so too when the server has ended the connection by an error.
        if (this.#lastText !== undefined) return;
        this.#tell({
          type: "stale",
          level: "warn",
          message: "The server does not answer pings.",
        });
        return;
      default:
        return;
    }
  }

  /** nats.js repeats this status once per refused dial. */
  #onReconnect(server: string): void {
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#lastText = undefined;
    this.#tell({
      type: "reconnected",
      level: "info",
      message: "The connection is back.",
      server,
    });
  }

  #onError(error: Error): void {
    if (error instanceof PermissionViolationError) {
      const { subject, operation, queue } = error;
      const group = queue === undefined ? "" : ` in queue group \`${queue}\``;
      this.#tell({
        type: "permissionViolation",
        level: "error",
        message: `The server refused ${operation === "publish" ? "a publish to" : "a subscription to"} \`${subject}\`${group}.`,
        subject,
        error,
      });
      return;
    }
    // Of a refusal at each new dial, only the first is news.
    const isNews = this.#lastText !== error.message;
    this.#tell({
      type: "serverError",
      level: isNews ? "warn" : "debug",
      message: `The server said: ${error.message}.`,
      error,
    });
    if (
      this.#isDown ||
      error instanceof AuthorizationError ||
      error instanceof UserAuthenticationExpiredError
    )
      this.#lastText = error.message;
  }
}
