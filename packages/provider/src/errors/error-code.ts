import { isKeyturnError } from "@keyturn/nats";

/** `{ code }` of a coded error, for events. */
export function errorCode(error: unknown): { code?: string } {
  return isKeyturnError(error) ? { code: error.code } : {};
}
