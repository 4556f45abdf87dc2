import type { NatsConnection } from "@nats-io/nats-core";

import { client } from "@keyturn/wrpc";

import type { ProviderContext } from "../definition/provider-definition.js";
import type { HostData } from "../host-data/host-data.js";

/** What the provider's own code is given. */
export function providerContext(
  hostData: HostData,
  connection: NatsConnection,
  stopping: AbortSignal,
): ProviderContext {
  const { hostId, providerId, lattice, rpcTimeoutMs, log } = hostData;
  return {
    hostId,
    providerId,
    lattice,
    ...hostData.settings,
    secrets: hostData.secrets,
    connection,
    rpcTimeoutMs,
    log,
    stopping,
    client: (componentId, iface, options = {}) =>
      client(connection, {
        ...options,
        prefix: `${lattice}.${componentId}`,
        interface: iface,
        headers: { "source-id": providerId, "target-id": componentId },
      }),
  };
}
