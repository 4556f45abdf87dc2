import type { NatsConnection } from "@nats-io/nats-core";

import { fail } from "../errors/provider-errors.js";
import { publish } from "../events/provider-events.js";

/**
 * Warns when the lattice connection was away: what the host sent meanwhile is lost, and it does not
 * send it again. Ends with the connection.
 */
export async function watchLattice(connection: NatsConnection): Promise<void> {
  let since: number | undefined;
  for await (const status of connection.status()) {
    if (status.type === "disconnect") {
      since ??= Date.now();
    } else if (status.type === "reconnect" && since !== undefined) {
      const seconds = ((Date.now() - since) / 1000).toFixed(1);
      since = undefined;
      const error = fail(
        "PROVIDER_LATTICE_GAP",
        `The lattice connection is up again after ${seconds} s.`,
      );
      publish({
        type: "lattice-gap",
        level: "warn",
        message: error.message,
        code: error.code,
      });
    }
  }
}
