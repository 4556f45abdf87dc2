import type { Credential } from "../credentials/credential.js";
import { fail } from "../errors/nats-errors.js";
import { Connect, NodeTransport, type ConnectionOptions } from "./nats-core.js";

/** What servers take as one line of protocol, in bytes, unless `max_control_line` says otherwise. */
export const defaultMaxControlLine = 4096;

/** As long as a server's; what it is signed to has one length. */
const anyNonce = "0123456789abcdef";

/**
 * Refuses a credential that no CONNECT line has room for: a server that gets a longer one only hangs
 * up. Servers do not tell their limit before that line.
 *
 * @throws KeyturnError `CREDENTIAL_JWT_TOO_LONG`
 */
export function assertConnectFits(
  credential: Credential,
  options: ConnectionOptions,
  maxControlLine: number,
): void {
  const { version, lang } = new NodeTransport();
  const connect = new Connect(
    { version, lang },
    { ...options, authenticator: credential.sample() },
    anyNonce,
  );
  connect.headers = true;
  connect.no_responders = true;
  const length = Buffer.byteLength(JSON.stringify(connect));
  if (length <= maxControlLine) return;
  throw fail(
    "CREDENTIAL_JWT_TOO_LONG",
    `The credential from ${credential.origin.source} does not fit into a server's control line: CONNECT has ${length} bytes with it, of ${maxControlLine}.`,
  );
}
