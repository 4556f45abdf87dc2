import { errorFactory, type ErrorTable } from "@keyturn/nats";

/** Every error and warning code of `@keyturn/messaging`. Listed for readers in `docs/errors.md`. */
export const messagingErrors = {
  MESSAGING_CONTAINER_CONFIG_INVALID: {
    meaning: "The config of a provider without a host cannot be used.",
    next: "Correct it; docs/container.md shows one.",
  },
  MESSAGING_CONFIG_INVALID: {
    meaning: "A config value cannot be used.",
    next: "Correct it with `wash config put`, then put the link again.",
  },
  MESSAGING_CONFIG_CONTRADICTION: {
    meaning: "Config values exclude each other.",
    next: "Keep one of them, then put the link again.",
  },
  MESSAGING_CONFIG_UNKNOWN: {
    meaning: "A config key is not known; it is ignored.",
    next: "Correct its name, or remove it.",
  },
  MESSAGING_CONFIG_UNUSED: {
    meaning: "A config key has no effect on this kind of link; it is ignored.",
    next: "Move it to the link it is meant for, or remove it.",
  },
  MESSAGING_JETSTREAM_UNSUPPORTED: {
    meaning: "JetStream consumers were asked for.",
    next: "Remove the key `consumers` and use `subscriptions`.",
  },
  MESSAGING_NO_SUBSCRIPTIONS: {
    meaning: "A link that delivers messages has nothing to subscribe to.",
    next: "Set `subscriptions` in its source config.",
  },
  MESSAGING_SUBJECT_INVALID: {
    meaning: "A subject cannot be used.",
    next: "Use tokens without blanks, separated by single dots.",
  },
  MESSAGING_CREDENTIAL_INCOMPLETE: {
    meaning: "A source has a part of a credential only.",
    next: "Put both of them into the same source.",
  },
  MESSAGING_CREDENTIAL_AMBIGUOUS: {
    meaning: "A source has credentials of several kinds.",
    next: "Keep one kind in it.",
  },
  MESSAGING_PLAINTEXT_CREDENTIAL: {
    meaning: "A credential in plain config is in use.",
    next: "Store it in a secrets backend: `wash secrets put NAME BACKEND KEY`, then refer to it as the config `SECRET_NAME`.",
  },
  MESSAGING_PLAINTEXT_REFUSED: {
    meaning: "A credential is in plain config, and the policy demands secrets.",
    next: "Store it in a secrets backend: `wash secrets put NAME BACKEND KEY`, then refer to it as the config `SECRET_NAME`; or set `credentials_policy` to `prefer-secrets`.",
  },
  MESSAGING_REFERENCE_REFUSED: {
    meaning: "A link refers to a credential where links may not take one from.",
    next: "Put it into secrets of the link, or let links use it: `link_references` of the provider's config.",
  },
  MESSAGING_PROVIDER_CONFIG_INVALID: {
    meaning: "The provider's own config cannot be used, so no link is made.",
    next: "Correct the provider's config; it takes effect at once.",
  },
  MESSAGING_SUBSCRIPTION_REFUSED: {
    meaning: "The NATS server refused a subscription.",
    next: "Give the user permission to subscribe, or take the subject out of `subscriptions`.",
  },
  MESSAGING_DISCONNECTED: {
    meaning: "A link's connection to NATS is down.",
    next: "It comes back by itself as soon as that is no longer so.",
  },
  MESSAGING_LINK_UNFIT: {
    meaning: "A link asks for an interface that this provider does not have.",
    next: "Link `handler` of `wasmcloud:messaging` with the provider as source, or `consumer` with it as target.",
  },
  MESSAGING_SUBJECT_NOT_ALLOWED: {
    meaning: "A component used a subject that its link does not allow.",
    next: "Add the subject to `publish_allow` or `request_allow` of the link.",
  },
  MESSAGING_BODY_TOO_LARGE: {
    meaning: "A message is larger than the NATS server takes.",
    next: "Send less at a time, or raise the server's `max_payload`.",
  },
  MESSAGING_COMPONENT_ERROR: {
    meaning: "A component answered a message with an error.",
    next: "Look at the component's log.",
  },
  MESSAGING_DELIVERY_FAILED: {
    meaning: "A message could not be delivered to a component.",
    next: "Check that the component runs and exports `wasmcloud:messaging/handler@0.2.0`.",
  },
  MESSAGING_OVERLOADED: {
    meaning: "More messages came than wait at most, and some were dropped.",
    next: "Raise `concurrency` or `max_waiting`, or run more instances with a queue group.",
  },
  MESSAGING_FAILURE_UNSENT: {
    meaning:
      "A dead letter or an error reply could not be sent when a message failed.",
    next: "Look at the connection of the link: what could not be sent is gone.",
  },
  MESSAGING_LOG_UNWRITABLE: {
    meaning: "A log line could not be written.",
    next: "Check where the host's standard error goes.",
  },
} as const satisfies ErrorTable;

/** Raises the errors of this package. */
export const fail: ReturnType<typeof errorFactory<typeof messagingErrors>> =
  errorFactory(messagingErrors);
