import {
  PermissionViolationError,
  type NatsConnection,
} from "@nats-io/nats-core";

import { publishNatsEvent, type NatsEvent } from "../events/nats-events.js";

/**
 * Tells what happens to a connection as events on the channel `keyturn:nats`, and to `listener`; ends
 * when the connection is closed.
 */
export function watchConnection(
  connection: NatsConnection,
  label: string,
  listener: (event: NatsEvent) => void = () => undefined,
): void {
  const tell = (event: Omit<NatsEvent, "connection">): void => {
    const full: NatsEvent = { ...event, connection: label };
    listener(full);
    publishNatsEvent(full);
  };
  void (async () => {
    let isDown = false;
    for await (const status of connection.status()) {
      switch (status.type) {
        case "disconnect":
          isDown = true;
          tell({
            type: "disconnected",
            level: "warn",
            message: "The connection was lost.",
            server: status.server,
          });
          break;
        case "reconnect":
          // nats.js repeats this status once per refused dial.
          if (isDown) {
            tell({
              type: "reconnected",
              level: "info",
              message: "The connection is back.",
              server: status.server,
            });
          }
          isDown = false;
          break;
        case "error":
          if (status.error instanceof PermissionViolationError) {
            const { subject, operation } = status.error;
            tell({
              type: "permissionViolation",
              level: "error",
              message: `The server refused ${operation === "publish" ? "a publish to" : "a subscription to"} \`${subject}\`.`,
              subject,
              error: status.error,
            });
          } else {
            tell({
              type: "serverError",
              level: "warn",
              message: `The server said: ${status.error.message}.`,
              error: status.error,
            });
          }
          break;
        case "ldm":
          tell({
            type: "lameDuck",
            level: "info",
            message: "The server is about to stop.",
            server: status.server,
          });
          break;
        case "slowConsumer":
          tell({
            type: "slowConsumer",
            level: "warn",
            message: `${status.pending} messages wait in a subscription.`,
            subject: status.sub.getSubject(),
          });
          break;
        case "staleConnection":
          tell({
            type: "stale",
            level: "warn",
            message: "The server does not answer pings.",
          });
          break;
        default:
          break;
      }
    }
  })();
  void connection.closed().then((error) => {
    tell({
      type: "closed",
      level: error === undefined ? "debug" : "error",
      message: "The connection was closed.",
      ...(error === undefined ? {} : { error }),
    });
  });
}
