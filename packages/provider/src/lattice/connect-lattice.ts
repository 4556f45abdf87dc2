import type { NatsConnection } from "@nats-io/nats-core";

import {
  connect,
  errorChain,
  noCredential,
  userJwtCredential,
  type Credential,
} from "@keyturn/nats";

import { fail } from "../errors/provider-errors.js";
import type { HostData } from "../host-data/host-data.js";

/**
 * The lattice connection: anonymous or with the host's user JWT and seed, over TLS if the server
 * asks for it. Once made it reconnects for ever.
 *
 * The first attempt is made once: if it fails the process should end, so that the host starts it
 * again with links of that moment, which are not sent a second time.
 *
 * @throws KeyturnError `PROVIDER_LATTICE_UNREACHABLE`, whose cause says why; so also for a
 *   credential that cannot be used
 */
export async function connectLattice(
  hostData: Pick<HostData, "latticeUrl" | "latticeCredential">,
  name: string,
): Promise<NatsConnection> {
  const { latticeUrl, latticeCredential } = hostData;
  try {
    const credentials = credentialOf(latticeCredential);
    const connection = await connect({
      servers: latticeUrl,
      credentials,
      name,
      connectionLabel: "lattice",
    });
    void connection.closed().then(() => credentials.wipe());
    return connection;
  } catch (cause) {
    throw fail(
      "PROVIDER_LATTICE_UNREACHABLE",
      `No lattice connection to ${safeUrl(latticeUrl)}: ${errorChain(cause)}`,
      { cause },
    );
  } finally {
    latticeCredential?.jwt.wipe();
    latticeCredential?.seed.wipe();
  }
}

function credentialOf(pair: HostData["latticeCredential"]): Credential {
  if (pair === undefined) return noCredential();
  return userJwtCredential({
    ...pair,
    origin: {
      source: "HostData `lattice_rpc_user_jwt`, `lattice_rpc_user_seed`",
      plaintext: false,
    },
  });
}

/** Without user and password, which a URL may hold. */
function safeUrl(url: string): string {
  const at = url.lastIndexOf("@");
  const start = url.indexOf("://");
  return at < 0
    ? url
    : url.slice(0, start < 0 ? 0 : start + 3) + url.slice(at + 1);
}
