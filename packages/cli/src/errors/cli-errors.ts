import { errorFactory, type ErrorTable } from "@keyturn/nats";

/** Every error code of the command `keyturn`. Listed for readers in `docs/errors.md`. */
export const cliErrors = {
  CLI_COMMAND_UNKNOWN: {
    meaning: "There is no command of that name.",
    next: "Look at what there is: `keyturn --help`.",
  },
  CLI_OPTION_UNKNOWN: {
    meaning: "A command has no such option.",
    next: "Look at what it takes: `keyturn GROUP COMMAND --help`.",
  },
  CLI_OPTION_INVALID: {
    meaning: "An option was given without its value, twice, or with a bad one.",
    next: "Look at what it takes: `keyturn GROUP COMMAND --help`.",
  },
  CLI_OPTION_MISSING: {
    meaning: "An option that a command cannot do without was not given.",
    next: "Look at what it takes: `keyturn GROUP COMMAND --help`.",
  },
  CLI_ARGUMENTS_WRONG: {
    meaning: "A command was given too few arguments, or too many.",
    next: "Look at what it takes: `keyturn GROUP COMMAND --help`.",
  },
  CLI_FILE_UNREADABLE: {
    meaning: "A file cannot be read.",
    next: "Check its name and its mode: `ls -l FILE`.",
  },
  CLI_FILE_UNWRITABLE: {
    meaning: "A file cannot be written.",
    next: "Check the folder and its mode: `ls -ld FOLDER`.",
  },
  SECRETS_KEY_INVALID: {
    meaning: "A key file holds something else than the seed of a curve key.",
    next: "Make one: `keyturn secrets keygen FILE`.",
  },
  CLI_UNEXPECTED: {
    meaning: "The command met an error that nobody thought of.",
    next: "It is a defect of Keyturn: please report it with this text.",
  },
} as const satisfies ErrorTable;

/** Raises the errors of this package. */
export const fail: ReturnType<typeof errorFactory<typeof cliErrors>> =
  errorFactory(cliErrors);
