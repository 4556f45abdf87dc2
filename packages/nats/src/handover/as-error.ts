import { fail } from "../errors/nats-errors.js";

/** Whatever a source threw, as an error. */
export function asError(error: unknown): Error | undefined {
  if (error === undefined) return undefined;
  return error instanceof Error
    ? error
    : fail("CREDENTIAL_UNAVAILABLE", "The credential source failed.", {
        cause: error,
      });
}
