import { errorFactory, type ErrorTable } from "@keyturn/nats";

/** Every error code that `@keyturn/provider` raises. Listed for readers in `docs/errors.md`. */
export const providerErrors = {
  PROVIDER_HOST_DATA_MISSING: {
    meaning:
      "Standard input held no HostData: it was a terminal, empty, or silent for too long.",
    next: "Let a wasmCloud host start this program; by hand, write one base64 line of HostData JSON to its standard input.",
  },
  PROVIDER_HOST_DATA_TOO_LARGE: {
    meaning: "The HostData line was longer than the limit.",
    next: "Give the provider fewer links or smaller configs and secrets.",
  },
  PROVIDER_HOST_DATA_INVALID: {
    meaning:
      "HostData was not base64, not JSON, or a field had the wrong type.",
    next: "Check that the host is wasmCloud 1.x; if it is, report this with the host's version.",
  },
  PROVIDER_LATTICE_CREDENTIAL_HALF: {
    meaning:
      "HostData held only one half of the lattice credential (user JWT and seed).",
    next: "Start the host with both --rpc-jwt and --rpc-seed, or with neither.",
  },
  PROVIDER_XKEY_INVALID: {
    meaning:
      "The curve keys in HostData, which open sealed link secrets, are missing a half or malformed.",
    next: "Restart the provider, so that the host makes new keys; if it stays, report this with the host's version.",
  },
  PROVIDER_LATTICE_UNREACHABLE: {
    meaning:
      "The first connection to the lattice NATS server could not be made.",
    next: "Check that the server at the host's --rpc-host and --rpc-port is up and accepts the host's credential.",
  },
  PROVIDER_NOT_PERMITTED: {
    meaning:
      "The lattice NATS server refused a subscription to a control subject.",
    next: "Give the NATS user of the host's --rpc-jwt permission to subscribe to the subject that the message names.",
  },
  PROVIDER_LATTICE_LOST: {
    meaning: "The lattice connection closed for good.",
    next: "Look at the cause and at the log of the lattice NATS server; the host starts the provider again.",
  },
  PROVIDER_LATTICE_GAP: {
    meaning:
      "The lattice connection was down for a while; what the host sent meanwhile is lost.",
    next: "If links or config changed meanwhile, restart the provider: the host then sends everything again.",
  },
  PROVIDER_CREATE_FAILED: {
    meaning: "The provider's own code failed while it was being created.",
    next: "Look at the cause; the host starts the provider again.",
  },
  PROVIDER_STOPPED: {
    meaning: "The provider was told to stop before it had started.",
    next: "Start it again if it should run.",
  },
  PROVIDER_MESSAGE_INVALID: {
    meaning: "A control message could not be read; it was ignored.",
    next: "Find who else publishes on the host's control subjects; the host itself sends valid messages.",
  },
  PROVIDER_LINK_INVALID: {
    meaning: "A link definition has a missing or malformed field.",
    next: "Correct the link, then delete and put it again.",
  },
  PROVIDER_LINK_MISSED: {
    meaning:
      "A link with secrets was put while the provider started, or the host could not get its secrets: it has the link, and did not give it.",
    next: "Delete the link and put it again, or restart the provider; if it stays, look for the secrets in the host's log.",
  },
  PROVIDER_LINK_NOT_OURS: {
    meaning:
      "A link definition names this provider at neither end, or at both.",
    next: "Put the link between this provider's id and a component.",
  },
  PROVIDER_TOO_MANY_LINKS: {
    meaning: "A link was put although the table of links is full.",
    next: "Delete unused links, or spread them over several provider ids.",
  },
  PROVIDER_SEAL_KEYS_MISSING: {
    meaning:
      "A link has sealed secrets, but the host gave no keys to open them.",
    next: "Use a host of wasmCloud 1.1 or newer for links with secrets.",
  },
  PROVIDER_SEAL_MALFORMED: {
    meaning: "The sealed secrets of a link do not have the form of a seal.",
    next: "Delete and put the link, so that the host seals its secrets again.",
  },
  PROVIDER_SEAL_WRONG_KEY: {
    meaning:
      "The sealed secrets of a link were sealed for another key, by another key, or changed on the way.",
    next: "Restart the provider, so that host and provider share new keys and the host seals the secrets again.",
  },
  PROVIDER_SECRETS_MALFORMED: {
    meaning:
      "Opened secrets are not a JSON object of String and Bytes secret values.",
    next: "Check which host version sealed them; a wasmCloud 1.x host sends this form.",
  },
  PROVIDER_CONFIG_FAILED: {
    meaning:
      "The provider's own code refused a changed provider config; the earlier one stays in force.",
    next: "Correct the provider's named config; the host sends the change by itself.",
  },
  PROVIDER_CRASHED: {
    meaning: "An error that nothing handled ended the process.",
    next: "Report this with the stack; the host starts the provider again.",
  },
} as const satisfies ErrorTable;

/** A code of this package. */
export type ProviderErrorCode = keyof typeof providerErrors;

/** Raises the errors of this package. */
export const fail: ReturnType<typeof errorFactory<typeof providerErrors>> =
  errorFactory(providerErrors);
