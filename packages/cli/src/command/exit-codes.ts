import { isKeyturnError } from "@keyturn/nats";

/** How `keyturn` ends; scripts may go by it. */
export const exitCodes = {
  /** Done. */
  done: 0,
  /** It did not work; the message says why. */
  failed: 1,
  /** What was typed is wrong: nothing was done. */
  usage: 2,
  /** What was asked for is not there. */
  notFound: 3,
  /** NATS could not be reached, or did not answer (`EX_UNAVAILABLE`). */
  unavailable: 69,
  /** A defect of Keyturn (`EX_SOFTWARE`). */
  defect: 70,
} as const;

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const byErrorCode: Readonly<Record<string, ExitCode>> = {
  CLI_COMMAND_UNKNOWN: exitCodes.usage,
  CLI_OPTION_UNKNOWN: exitCodes.usage,
  CLI_OPTION_INVALID: exitCodes.usage,
  CLI_OPTION_MISSING: exitCodes.usage,
  CLI_ARGUMENTS_WRONG: exitCodes.usage,
  CLI_UNEXPECTED: exitCodes.defect,
  SECRETS_KEY_NAME_INVALID: exitCodes.usage,
  SECRETS_ENTITY_INVALID: exitCodes.usage,
  SECRETS_NOT_FOUND: exitCodes.notFound,
  CONNECT_UNREACHABLE: exitCodes.unavailable,
  CONNECT_TIMEOUT: exitCodes.unavailable,
  CONNECT_LIMIT: exitCodes.unavailable,
};

export function exitCodeOf(error: unknown): ExitCode {
  if (!isKeyturnError(error)) return exitCodes.defect;
  return byErrorCode[error.code] ?? exitCodes.failed;
}
