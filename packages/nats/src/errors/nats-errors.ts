import { errorFactory, type ErrorTable } from "./keyturn-error.js";

/** Every error code that `@keyturn/nats` raises. Listed for readers in `docs/errors.md`. */
export const natsErrors = {
  SECRET_WIPED: {
    meaning: "A secret was read after its bytes had been wiped.",
    next: "Take the secret from its source again.",
  },
  CREDENTIAL_HALF_PAIR: {
    meaning: "Of a user JWT and its seed only one is there.",
    next: "Put the user JWT and its seed into the same source, both of them.",
  },
  CREDENTIAL_PAIR_MISMATCH: {
    meaning: "A user JWT and a seed belong to different users.",
    next: "Take both from one credentials file: `nsc generate creds --account A --name U`.",
  },
  CREDENTIAL_JWT_INVALID: {
    meaning: "A text is no NATS user JWT, or was changed after it was signed.",
    next: "Copy the user JWT again, whole: `nsc generate creds --account A --name U`.",
  },
  CREDENTIAL_JWT_TOO_LONG: {
    meaning: "A user JWT is too long for a server's control line.",
    next: "Shorten its permissions (a scoped signing key keeps them in the account), or raise `max_control_line` at the servers and tell it here (`maxControlLine`).",
  },
  CREDENTIAL_WRONG_KIND: {
    meaning: "A JWT or seed is of another kind than a user's.",
    next: "Use the JWT and seed of a user: `nsc generate creds --account A --name U`.",
  },
  CREDENTIAL_SEED_INVALID: {
    meaning: "A text is no nkey seed.",
    next: "Copy the seed again, whole: 58 characters that begin with `SU`.",
  },
  CREDENTIAL_CREDS_INVALID: {
    meaning: "A text has not the form of a credentials file.",
    next: "Write it again with `nsc generate creds --account A --name U`.",
  },
  CREDENTIAL_EMPTY: {
    meaning: "A user name or token is empty.",
    next: "Give it a value, or leave it out.",
  },
  CREDENTIAL_NOT_TEXT: {
    meaning: "A password or token has bytes that are no UTF-8 text.",
    next: "Store it as text.",
  },
  CREDENTIAL_EXPIRED: {
    meaning: "A user JWT has expired; it is not presented to any server.",
    next: "Issue a new one and put it at the same source.",
  },
  CREDENTIAL_NOT_YET_VALID: {
    meaning: "A user JWT is not valid yet.",
    next: "Check the clock of this machine, or wait.",
  },
  CREDENTIAL_UNAVAILABLE: {
    meaning: "No credential is at hand that may be presented to a server.",
    next: "Make the credential source give a valid one; the connection goes on by itself then.",
  },
  CREDENTIAL_ABSENT: {
    meaning: "None of the places of a chain has a credential.",
    next: "Put one into the first of them that you have.",
  },
  CREDENTIAL_SOURCE_BROKEN: {
    meaning:
      "A place of a chain could not be read, or what is there is no good; weaker places were not asked.",
    next: "Mend that place, or empty it.",
  },
  CREDENTIAL_PLAINTEXT: {
    meaning: "A secret that lies in plain text is used (a warning).",
    next: "Move it into a secret store, or a file that only this program may read.",
  },
  CREDENTIAL_PLAINTEXT_REFUSED: {
    meaning:
      "A secret lies in plain text, and the policy is `require-secrets`.",
    next: "Move it into a secret store, or a file that only this program may read.",
  },
  CREDENTIAL_SIGNER_FAILED: {
    meaning: "What signs for a credential, outside of this thread, did not.",
    next: "Look at the signer; the connection asks it again at each dial.",
  },
  CREDENTIAL_SOURCE_TIMEOUT: {
    meaning: "A credential source did not answer in time.",
    next: "Look at the store behind it; the present credential is kept meanwhile.",
  },
  REFERENCE_INVALID: {
    meaning: "A text is no credential reference, or none that its store knows.",
    next: "Write it as `scheme:path`: `file:///run/secrets/nats.creds`, `env:NATS_CREDS`.",
  },
  STORE_ABSENT: {
    meaning: "There is nothing where a credential reference points.",
    next: "Put the credential there, or correct the reference; it is looked for again.",
  },
  STORE_UNREADABLE: {
    meaning: "A store could not be read.",
    next: "Mend the way to the store; it is tried again, and the present credential is kept meanwhile.",
  },
  STORE_CLIENT_MISSING: {
    meaning: "A store needs a package that cannot be loaded.",
    next: "Install the package.",
  },
  STORE_VALUE_INVALID: {
    meaning: "What a store has is no credential.",
    next: "Put the text of a `.creds` file there, or fields `jwt` and `seed`.",
  },
  CONNECT_OPTIONS_CONFLICT: {
    meaning: "Options of a connection contradict each other.",
    next: "Leave one of them out.",
  },
  CONNECT_OPTION_INVALID: {
    meaning: "An option of a connection has a value that cannot be used.",
    next: "Correct the option.",
  },
  CONNECT_URL_INVALID: {
    meaning: "A server address cannot be used.",
    next: "Write it as `nats://host:port` or `tls://host:port`.",
  },
  CONNECT_WEBSOCKET_MISSING: {
    meaning: "WebSockets need the package `ws`, which is not installed.",
    next: "Install it: `npm install ws@8`.",
  },
  CONNECT_TLS_INVALID: {
    meaning: "TLS settings cannot be used.",
    next: "Give certificates and keys as PEM text, each certificate whole.",
  },
  CERTIFICATE_EXPIRED: {
    meaning: "A client certificate has expired; servers refuse it.",
    next: "Renew it where it comes from; it is read again when it changes.",
  },
  CERTIFICATE_EXPIRING: {
    meaning: "A client certificate expires soon, and no other has come.",
    next: "See that it is renewed where it comes from; it is read again when it changes.",
  },
  CONNECT_TLS_FAILED: {
    meaning: "The TLS handshake with a server failed.",
    next: "Check that the CA bundle has the server's CA, and that the certificate names the host.",
  },
  CONNECT_REFUSED: {
    meaning: "A server refused the credential.",
    next: "Check with the server's log whether the user is revoked, unknown to this operator, or limited to other addresses.",
  },
  CONNECT_UNREACHABLE: {
    meaning: "No server could be reached.",
    next: "Check the address, and that the server is running: `nats server check connection`.",
  },
  CONNECT_NOT_NATS: {
    meaning: "What answered at an address does not speak NATS.",
    next: "Check the address and the port.",
  },
  CONNECT_LIMIT: {
    meaning: "A server or account takes no more connections.",
    next: "Close unused connections, or raise `max_connections` of the server or the account's limit.",
  },
  CONNECT_TIMEOUT: {
    meaning: "A server took the connection, but did not complete it in time.",
    next: "Look whether it is a NATS server, and at the load of it and the path to it.",
  },
  SUBSCRIPTION_REFUSED: {
    meaning: "A server does not permit a subscription.",
    next: "Let the user of this connection subscribe to it: `nsc edit user --allow-sub`.",
  },
  SUBSCRIPTION_LIMIT: {
    meaning: "A user or account has no room for more subscriptions.",
    next: "Raise the limit of the user or account, or use fewer subscriptions.",
  },
  SUBSCRIPTION_UNCONFIRMED: {
    meaning: "A server did not say whether it took a subscription.",
    next: "Try again when the connection is well.",
  },
  CREDENTIAL_OTHER_ACCOUNT: {
    meaning: "A new credential belongs to another account than the connection.",
    next: "Put a credential of the same account at the source, or make a new connection: subjects, streams and consumers of another account are others.",
  },
  HANDOVER_REFUSED: {
    meaning:
      "A server refused a new credential, or one of the subscriptions under it.",
    next: "Put a credential with the same rights at the source; it is tried again when it changes.",
  },
  HANDOVER_TIMEOUT: {
    meaning: "A step of a hand-over took too long.",
    next: "Look at the server's load and the network; the hand-over is tried again at the next refresh.",
  },
  HANDOVER_UNREACHABLE: {
    meaning: "No second connection could be made for a hand-over.",
    next: "Check that a server can be reached; the hand-over is tried again at the next refresh.",
  },
  OUTBOX_FULL: {
    meaning:
      "A message was published without a connection, and the outbox was full.",
    next: "Wait for the connection, or give the outbox more room.",
  },
} as const satisfies ErrorTable;

/** Raises the errors of this package. */
export const fail: ReturnType<typeof errorFactory<typeof natsErrors>> =
  errorFactory(natsErrors);
