import { jwtAuthenticator, type NatsConnection } from "@nats-io/nats-core";

import { connect } from "@nats-io/transport-node";

import { errorText } from "../errors/error-text.js";
import { fail } from "../errors/provider-errors.js";
import type { HostData } from "../host-data/host-data.js";

/**
 * The lattice connection: anonymous or with the host's user JWT and seed, over TLS if the server
 * asks for it. Once made it reconnects for ever.
 *
 * The first attempt is made once: if it fails the process should end, so that the host starts it
 * again with links of that moment, which are not sent a second time.
 *
 * @throws KeyturnError `PROVIDER_LATTICE_UNREACHABLE`, or the refusal of the credential
 */
export async function connectLattice(
  hostData: Pick<HostData, "latticeUrl" | "latticeCredential">,
  name: string,
): Promise<NatsConnection> {
  const { latticeUrl, latticeCredential } = hostData;
  // Until @keyturn/nats has connect().
  const credential =
    latticeCredential === undefined
      ? {}
      : {
          authenticator: jwtAuthenticator(
            latticeCredential.jwt.revealText().trim(),
            latticeCredential.seed.copy().use((bytes) => bytes),
          ),
        };
  try {
    return await connect({
      servers: latticeUrl,
      name,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      ...credential,
    });
  } catch (cause) {
    throw fail(
      "PROVIDER_LATTICE_UNREACHABLE",
      `No lattice connection to ${safeUrl(latticeUrl)}: ${errorText(cause)}`,
      { cause },
    );
  } finally {
    latticeCredential?.jwt.wipe();
    latticeCredential?.seed.wipe();
  }
}

/** Without user and password, which a URL may hold. */
function safeUrl(url: string): string {
  const at = url.lastIndexOf("@");
  const start = url.indexOf("://");
  return at < 0
    ? url
    : url.slice(0, start < 0 ? 0 : start + 3) + url.slice(at + 1);
}
