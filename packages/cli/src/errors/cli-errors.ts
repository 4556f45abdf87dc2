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
  SECRETS_POLICY_INVALID: {
    meaning: "A policy file is not what it has to be.",
    next: "Correct it at that path; `keyturn secrets serve --help` shows one.",
  },
  SECRETS_VALUE_UNREADABLE: {
    meaning: "A stored value cannot be opened.",
    next: "Put it again: `keyturn secrets put KEY`.",
  },
  SECRETS_MAPPING_INVALID: {
    meaning: "The mapping of an entity is no list of keys.",
    next: "Write it anew: `keyturn secrets unmap ENTITY --all`, then `keyturn secrets map ENTITY KEY…`.",
  },
  SECRETS_KEY_NAME_INVALID: {
    meaning: "A text can be no key of a secret.",
    next: "Use letters, digits and - / _ = . (a dot neither first, nor last, nor after another).",
  },
  SECRETS_ENTITY_INVALID: {
    meaning: "A text is no public key of a component or provider.",
    next: "Look at what it is: `wash inspect REFERENCE` shows it as Subject.",
  },
  SECRETS_NOT_FOUND: {
    meaning: "There is no such secret, version or mapping.",
    next: "Look at what there is: `keyturn secrets list`.",
  },
  SECRETS_VALUE_INVALID: {
    meaning: "A value cannot be stored as it was given.",
    next: "Give it on standard input, or with `--file FILE`; `--binary` for what is no text.",
  },
  SECRETS_REKEY_INCOMPLETE: {
    meaning: "Some secrets could not be sealed anew; the others are.",
    next: "Give the key that they are sealed with: `--old-seal-key FILE`; or remove them: `keyturn secrets rm KEY`.",
  },
  SECRETS_STORE_FAILED: {
    meaning: "The bucket in JetStream did not do what it was asked.",
    next: "Look at it: `nats kv info BUCKET`.",
  },
  PAR_ARCHIVE_UNREADABLE: {
    meaning: "A file has not the form of a provider archive.",
    next: "Copy it again, whole, or make one: `keyturn par create --help`.",
  },
  PAR_ARCHIVE_INVALID: {
    meaning: "A provider archive has something that hosts or tools refuse.",
    next: "Make it anew (`keyturn par create --help`), or sign it anew (`keyturn par sign --help`).",
  },
  PAR_INPUT_INVALID: {
    meaning: "What should go into a provider archive is of no use there.",
    next: "Look at what is needed: `keyturn par create --help`.",
  },
  PAR_KEY_INVALID: {
    meaning:
      "A file that should hold the key of an issuer or of a provider holds something else.",
    next: "Make one: `keyturn par keygen --help`.",
  },
  CLI_UNEXPECTED: {
    meaning: "The command met an error that nobody thought of.",
    next: "It is a defect of Keyturn: please report it with this text.",
  },
} as const satisfies ErrorTable;

/** Raises the errors of this package. */
export const fail: ReturnType<typeof errorFactory<typeof cliErrors>> =
  errorFactory(cliErrors);
