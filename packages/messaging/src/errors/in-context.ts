import { isKeyturnError, KeyturnError } from "@keyturn/nats";

/** Where who writes a program could set an option, who runs this one cannot. */
const nextForOperators: Readonly<Record<string, string>> = {
  CREDENTIAL_JWT_TOO_LONG:
    "Shorten its permissions: a scoped signing key keeps them in the account.",
};

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
    nextForOperators[code] ?? next,
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
