import { isKeyturnError } from "@keyturn/nats";

/** TEMP until errorChain lands in @keyturn/nats. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : "unknown error";
  return text.length <= 600 ? text : `${text.slice(0, 600)}…`;
}

/** `{ code }` of a coded error, for events. */
export function errorCode(error: unknown): { code?: string } {
  return isKeyturnError(error) ? { code: error.code } : {};
}
