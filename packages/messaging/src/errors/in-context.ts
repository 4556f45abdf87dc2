import { isKeyturnError, KeyturnError } from "@keyturn/nats";

/** Who writes a program sets options; who runs this one has config keys, or nothing. */
function nextForOperators(code: string, next: string): string {
  return code === "CREDENTIAL_JWT_TOO_LONG"
    ? "Shorten its permissions: a scoped signing key keeps them in the account."
    : next.replaceAll("tls.handshakeFirst", "tls_first");
}

/**
 * Says where an error arose: `context: what is wrong. What to do next.` The code stays, and so does
 * everything behind it, so that people see both and programs still find the code.
 */
export function withContext(context: string, error: unknown): unknown {
  if (!isKeyturnError(error)) return error;
  const { code, next, message } = error;
  const what = message.endsWith(next)
    ? message.slice(0, -next.length).trimEnd()
    : message;
  return new KeyturnError(
    code,
    `${context}: ${what}`,
    nextForOperators(code, next),
    error.cause,
  );
}

/** Runs `action`; what it throws gets a context. */
export function inContext<T>(context: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw withContext(context, error);
  }
}
