import type { Secret } from "@keyturn/nats";

import { fail } from "../errors/messaging-errors.js";
import {
  defaultConcurrency,
  defaultHandlerTimeoutMs,
  defaultMaxWaiting,
  defaultPingIntervalSec,
  type ConfigKey,
} from "./keys.js";
import { quoted, subjectFault, subjectMatches } from "./subjects.js";

/** A subscription as configured. */
export interface SubscriptionSetting {
  readonly subject: string;
  readonly queue: string | undefined;
}

/** Settings of a link that are not about servers and credentials. */
export interface LinkSettings {
  readonly subscriptions: readonly SubscriptionSetting[];
  readonly concurrency: number;
  readonly maxWaiting: number;
  readonly orderBySubject: boolean;
  readonly handlerTimeoutMs: number;
  readonly errorReplies: boolean;
  readonly deadLetterSubject: string | undefined;
  /** Undefined: every subject. */
  readonly publishAllow: readonly string[] | undefined;
  readonly requestAllow: readonly string[] | undefined;
  readonly inboxPrefix: string;
  readonly pingIntervalSec: number;
  readonly tlsServerName: string | undefined;
  readonly tlsFirst: boolean;
}

/** A config map of one place: the provider's, or a link's. */
export interface ConfigLayer {
  /** For messages: `provider config`, `link config`. */
  readonly place: string;
  readonly config: Readonly<Record<string, string>>;
  readonly exposed: ReadonlyMap<string, Secret>;
  /** The command by which a secret takes the place of a value, up to its option. */
  readonly refer: string;
}

/** Layers from the weakest to the strongest: a key present in a later one replaces it whole. */
export type ConfigLayers = readonly ConfigLayer[];

/** The value of an ordinary key and the place it is from. */
export function lookUp(
  layers: ConfigLayers,
  key: ConfigKey,
): { value: string; place: string } | undefined {
  for (const layer of layers.toReversed()) {
    const value = layer.config[key];
    if (value !== undefined) return { value, place: layer.place };
  }
  return undefined;
}

/**
 * Reads the settings of a link, or of the provider alone.
 *
 * @throws KeyturnError `MESSAGING_CONFIG_INVALID`, `MESSAGING_SUBJECT_INVALID`,
 *   `MESSAGING_JETSTREAM_UNSUPPORTED`
 */
export function readSettings(
  layers: ConfigLayers,
  direction: "handler" | "consumer" | "provider",
): LinkSettings {
  refuseConsumers(layers);
  const queueGroup = text(layers, "queue_group");
  if (queueGroup !== undefined) checkToken(layers, "queue_group", queueGroup);
  const deadLetterSubject = text(layers, "dead_letter_subject");
  if (deadLetterSubject !== undefined) {
    checkSubject(layers, "dead_letter_subject", deadLetterSubject, false);
  }
  // Components that only publish must not get messages by a provider-wide list.
  const subscriptions =
    direction === "consumer" ? [] : readSubscriptions(layers, queueGroup);
  refuseLoop(subscriptions, deadLetterSubject);
  return {
    subscriptions,
    concurrency: whole(layers, "concurrency", defaultConcurrency, 1, 65_536),
    maxWaiting: whole(layers, "max_waiting", defaultMaxWaiting, 0, 10_000_000),
    orderBySubject: flag(layers, "order_by_subject"),
    handlerTimeoutMs: whole(
      layers,
      "handler_timeout_ms",
      defaultHandlerTimeoutMs,
      1,
      2_147_483_647,
    ),
    errorReplies: flag(layers, "error_replies"),
    deadLetterSubject,
    publishAllow: patterns(layers, "publish_allow"),
    requestAllow: patterns(layers, "request_allow"),
    inboxPrefix: readInboxPrefix(layers),
    pingIntervalSec: whole(
      layers,
      "ping_interval_sec",
      defaultPingIntervalSec,
      1,
      86_400,
    ),
    tlsServerName: readServerName(layers),
    tlsFirst: flag(layers, "tls_first"),
  };
}

function refuseConsumers(layers: ConfigLayers): void {
  const found = lookUp(layers, "consumers");
  if (found === undefined) return;
  let list: unknown;
  try {
    list = JSON.parse(found.value.trim() === "" ? "[]" : found.value);
  } catch {
    throw invalid(
      found.place,
      "consumers",
      "failed to parse `consumers`: it is not JSON",
    );
  }
  if (!Array.isArray(list)) {
    throw invalid(
      found.place,
      "consumers",
      "failed to parse `consumers`: it is not a JSON array",
    );
  }
  if (list.length > 0) {
    throw fail(
      "MESSAGING_JETSTREAM_UNSUPPORTED",
      `JetStream consumers not supported by this provider (key \`consumers\` of the ${found.place}).`,
    );
  }
}

function readSubscriptions(
  layers: ConfigLayers,
  queueGroup: string | undefined,
): SubscriptionSetting[] {
  const found = lookUp(layers, "subscriptions");
  if (found === undefined) return [];
  const subscriptions: SubscriptionSetting[] = [];
  for (const item of found.value.split(",").map((part) => part.trim())) {
    if (item === "") continue;
    const bar = item.indexOf("|");
    const subject = (bar === -1 ? item : item.slice(0, bar)).trim();
    const named = bar === -1 ? undefined : item.slice(bar + 1).trim();
    checkSubject(layers, "subscriptions", subject, true);
    if (named !== undefined) checkToken(layers, "subscriptions", named);
    const queue = named ?? queueGroup;
    const twin = subscriptions.some(
      (other) => other.subject === subject && other.queue === queue,
    );
    if (!twin) subscriptions.push({ subject, queue });
  }
  return subscriptions;
}

function refuseLoop(
  subscriptions: readonly SubscriptionSetting[],
  deadLetterSubject: string | undefined,
): void {
  if (deadLetterSubject === undefined) return;
  const twin = subscriptions.find(({ subject }) =>
    subjectMatches(subject, deadLetterSubject),
  );
  if (twin === undefined) return;
  throw fail(
    "MESSAGING_CONFIG_CONTRADICTION",
    `\`dead_letter_subject\` (\`${deadLetterSubject}\`) is among the \`subscriptions\` (\`${twin.subject}\`): a message that fails would come back for ever.`,
  );
}

function readInboxPrefix(layers: ConfigLayers): string {
  const found = text(layers, "custom_inbox_prefix");
  if (found === undefined) return "_INBOX";
  const prefix = found.endsWith(".>") ? found.slice(0, -2) : found;
  checkSubject(layers, "custom_inbox_prefix", prefix, false);
  return prefix;
}

function readServerName(layers: ConfigLayers): string | undefined {
  const name = text(layers, "tls_server_name");
  if (name === undefined || /^[\w.:-]{1,253}$/.test(name)) return name;
  const place = lookUp(layers, "tls_server_name")?.place ?? "config";
  throw invalid(place, "tls_server_name", "it is no host name");
}

function patterns(
  layers: ConfigLayers,
  key: ConfigKey,
): readonly string[] | undefined {
  const found = lookUp(layers, key);
  if (found === undefined) return undefined;
  const list = found.value
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  for (const pattern of list) checkSubject(layers, key, pattern, true);
  return list;
}

function text(layers: ConfigLayers, key: ConfigKey): string | undefined {
  const value = lookUp(layers, key)?.value.trim();
  return value === "" ? undefined : value;
}

function flag(layers: ConfigLayers, key: ConfigKey): boolean {
  const found = lookUp(layers, key);
  const value = found?.value.trim().toLowerCase();
  if (found === undefined || value === "false" || value === "") return false;
  if (value === "true") return true;
  throw invalid(found.place, key, "it is neither `true` nor `false`");
}

function whole(
  layers: ConfigLayers,
  key: ConfigKey,
  otherwise: number,
  least: number,
  most: number,
): number {
  const found = lookUp(layers, key);
  const value = found?.value.trim();
  if (found === undefined || value === undefined || value === "")
    return otherwise;
  const number = /^\d{1,12}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw invalid(
    found.place,
    key,
    `it is not a whole number from ${least} to ${most}`,
  );
}

function checkSubject(
  layers: ConfigLayers,
  key: ConfigKey,
  subject: string,
  wildcards: boolean,
): void {
  const fault = subjectFault(subject, wildcards);
  if (fault === undefined) return;
  throw fail(
    "MESSAGING_SUBJECT_INVALID",
    `The subject ${quoted(subject)} in \`${key}\` of the ${lookUp(layers, key)?.place ?? "config"} cannot be used: ${fault}.`,
  );
}

function checkToken(layers: ConfigLayers, key: ConfigKey, queue: string): void {
  const fault = subjectFault(queue, false);
  if (fault === undefined) return;
  throw fail(
    "MESSAGING_SUBJECT_INVALID",
    `The queue group ${quoted(queue)} in \`${key}\` of the ${lookUp(layers, key)?.place ?? "config"} cannot be used: ${fault}.`,
  );
}

/** An error that names a key and where it stands, never its value. */
export function invalid(place: string, key: string, why: string): Error {
  return fail(
    "MESSAGING_CONFIG_INVALID",
    `The key \`${key}\` of the ${place} cannot be used: ${why}.`,
  );
}
