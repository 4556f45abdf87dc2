import type { Credential } from "../credentials/credential.js";
import { isKeyturnError } from "../errors/keyturn-error.js";
import { fail } from "../errors/nats-errors.js";

/**
 * Says in our words, with a stable code, why a first connection failed; the error of nats.js or Node
 * is kept as the cause.
 */
export function dialError(
  error: unknown,
  servers: readonly string[],
  credential: Credential | undefined,
): Error {
  if (isKeyturnError(error)) return error as unknown as Error;
  const where = servers.join(", ");
  const { name, code } = error as { name?: string; code?: string };
  const details = { cause: error };
  if (
    name === "AuthorizationError" ||
    name === "UserAuthenticationExpiredError"
  ) {
    const who =
      credential === undefined || credential.kind === "none"
        ? "a connection without a credential"
        : `the credential ${credential.publicKey ?? `of kind ${credential.kind}`}${credential.account === undefined ? "" : ` of account ${credential.account}`}, from ${credential.origin.source}`;
    return fail(
      "CONNECT_REFUSED",
      `The NATS server at ${where} refused ${who}.`,
      details,
    );
  }
  if (name === "TimeoutError") {
    return fail(
      "CONNECT_TIMEOUT",
      `The NATS server at ${where} did not complete the connection in time.`,
      details,
    );
  }
  if (isTlsError(error)) {
    return fail(
      "CONNECT_TLS_FAILED",
      `TLS with the NATS server at ${where} failed.`,
      details,
    );
  }
  void code;
  return fail(
    "CONNECT_UNREACHABLE",
    `The NATS server at ${where} could not be reached.`,
    details,
  );
}

const tlsCodes =
  /^(ERR_SSL|ERR_TLS|EPROTO|UNABLE_TO|CERT_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA|ERR_OSSL)/;

function isTlsError(error: unknown): boolean {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 4;
    current = current.cause, depth++
  ) {
    const { code } = current as { code?: unknown };
    if (typeof code === "string" && tlsCodes.test(code)) return true;
    if (/certificate|'tls'|tls alert/i.test(current.message)) return true;
  }
  return false;
}
