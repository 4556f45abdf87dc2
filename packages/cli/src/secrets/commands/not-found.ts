import { fail } from "../../errors/cli-errors.js";

/** A secret, or a version of it, that is not there. */
export function notFound(key: string, version?: string): Error {
  return version === undefined
    ? fail("SECRETS_NOT_FOUND", `There is no secret \`${key}\`.`)
    : fail(
        "SECRETS_NOT_FOUND",
        `There is no version ${version} of the secret \`${key}\`.`,
        {
          next: `Look at which there are: \`keyturn secrets history ${key}\`.`,
        },
      );
}
