/** Which links a key is for. All includes the provider's own config, and `provider` is for that alone. */
export type KeySide = "handler" | "consumer" | "both" | "provider";

/** One config key; the one place that knows its default and what it means. */
export interface KeyEntry {
  readonly side: KeySide;
  /** May hold a secret: read into a `Secret`, and taken from secrets first. */
  readonly sensitive: boolean;
  /** Whether the stock provider knows it too. */
  readonly stock: boolean;
  /** As text, for the docs. */
  readonly defaultText: string;
  readonly doc: string;
}

const entry = (
  side: KeySide,
  defaultText: string,
  doc: string,
  flags: { readonly sensitive?: true; readonly stock?: true } = {},
): KeyEntry => ({
  side,
  defaultText,
  doc,
  sensitive: flags.sensitive ?? false,
  stock: flags.stock ?? false,
});

/** Messages of one link that are handled at a time. */
export const defaultConcurrency = 256;
/** Messages of one link that wait for their turn. */
export const defaultMaxWaiting = 262_144;
/** How long a component may take for a message, in milliseconds: the host's own limit. */
export const defaultHandlerTimeoutMs = 600_000;
/** Seconds between pings of a backing connection. */
export const defaultPingIntervalSec = 5;

/** Every config key of the provider and of its links. */
export const configKeys = {
  subscriptions: entry(
    "handler",
    "none",
    "Comma-separated subjects to deliver from, each `subject` or `subject|queue-group`. On a link it replaces the provider's list; empty clears it.",
    { stock: true },
  ),
  cluster_uris: entry(
    "both",
    "`127.0.0.1:4222`",
    "Comma-separated server addresses (`nats://`, `tls://`, `ws://` or `wss://`); all of them are used. Best without user information.",
    { stock: true, sensitive: true },
  ),
  client_jwt: entry("both", "none", "User JWT; together with `client_seed`.", {
    stock: true,
    sensitive: true,
  }),
  client_seed: entry("both", "none", "Seed of the user JWT's nkey (`SU…`).", {
    stock: true,
    sensitive: true,
  }),
  client_creds: entry(
    "both",
    "none",
    "Text of a credentials file: user JWT and seed in one.",
    { sensitive: true },
  ),
  nkey_seed: entry("both", "none", "Seed of an nkey user (`SU…`).", {
    sensitive: true,
  }),
  user: entry("both", "none", "User name; together with `password`."),
  password: entry("both", "none", "Password.", { sensitive: true }),
  token: entry("both", "none", "Token.", { sensitive: true }),
  credentials: entry(
    "both",
    "none",
    "Reference to where the credential lies: `file:///run/secrets/nats.creds`. It is no secret itself.",
  ),
  link_references: entry(
    "provider",
    "none",
    "Comma-separated beginnings of references that links may have as `credentials`: `file:///run/secrets/shop/`. Other references of links are refused.",
  ),
  credentials_policy: entry(
    "both",
    "`prefer-secrets`",
    "`prefer-secrets` takes plain config with a warning; `require-secrets` refuses it. The provider's setting cannot be weakened by a link.",
  ),
  tls_ca: entry(
    "both",
    "those of Node.js",
    "CA bundle as PEM text; every certificate in it counts.",
    { stock: true, sensitive: true },
  ),
  tls_cert: entry("both", "none", "Client certificate (chain) as PEM text.", {
    sensitive: true,
  }),
  tls_key: entry("both", "none", "Key of the client certificate as PEM text.", {
    sensitive: true,
  }),
  tls_server_name: entry(
    "both",
    "the address's host",
    "Name that the server's certificate must have.",
  ),
  tls_first: entry(
    "both",
    "`false`",
    "TLS handshake before the server says anything.",
  ),
  custom_inbox_prefix: entry("both", "`_INBOX`", "Prefix of reply subjects.", {
    stock: true,
  }),
  ping_interval_sec: entry(
    "both",
    `\`${defaultPingIntervalSec}\``,
    "Seconds between pings; a dead path shows after two to three of them.",
  ),
  consumers: entry(
    "handler",
    "none",
    "JetStream consumers: refused for now unless empty (`[]`).",
    { stock: true },
  ),
  queue_group: entry(
    "handler",
    "none",
    "Queue group of subscriptions that name none.",
  ),
  concurrency: entry(
    "handler",
    `\`${defaultConcurrency}\``,
    "Messages of the link that are with the component at a time.",
  ),
  max_waiting: entry(
    "handler",
    `\`${defaultMaxWaiting}\``,
    "Messages of the link that wait for their turn; more are dropped, counted and told.",
  ),
  order_by_subject: entry(
    "handler",
    "`false`",
    "Messages of one subject are handled one after another.",
  ),
  handler_timeout_ms: entry(
    "handler",
    `\`${defaultHandlerTimeoutMs}\``,
    "How long the component may take for a message.",
  ),
  error_replies: entry(
    "handler",
    "`false`",
    "A requester gets an empty reply with the header `Nats-Service-Error` when the component fails.",
  ),
  dead_letter_subject: entry(
    "handler",
    "none",
    "Where messages are published that the component failed on.",
  ),
  publish_allow: entry(
    "consumer",
    "every subject",
    "Comma-separated subjects (wildcards allowed) that the component may publish to.",
  ),
  request_allow: entry(
    "consumer",
    "every subject",
    "Comma-separated subjects (wildcards allowed) that the component may send requests to.",
  ),
} as const satisfies Readonly<Record<string, KeyEntry>>;

/** Name of a config key. */
export type ConfigKey = keyof typeof configKeys;

/** Whether a text is the name of a config key, in this very spelling. */
export function isConfigKey(name: string): name is ConfigKey {
  return Object.hasOwn(configKeys, name);
}

/** Keys that may hold a secret. */
export const sensitiveKeys: readonly ConfigKey[] = (
  Object.keys(configKeys) as ConfigKey[]
).filter((key) => configKeys[key].sensitive);
