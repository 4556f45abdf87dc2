import { setTimeout as sleep } from "node:timers/promises";

import {
  asValue,
  Fields,
  listOf,
  onlyFields,
  parseJson,
  type Handling,
  type JsonObject,
  type JsonValue,
} from "@keyturn/nats/json";
import { Secret } from "@keyturn/nats";
import type { NatsConnection } from "@nats-io/nats-core";

import { fail } from "../errors/provider-errors.js";
import { configMap } from "../settings/handling.js";
import { readLinkIdentity } from "./link-definition.js";
import { tellLink } from "./link-events.js";
import type { LinkIdentity } from "./link.js";
import type { LinkIntake } from "./link-intake.js";
import { isSubjectPart } from "./subject-part.js";

/** How a host marks a named config that is a reference to a secret. */
const secretPrefix = "SECRET_";
const askMs = 2_000;
/** Hosts learn of a link one after another; this is long for them. */
const againMs = 1_000;

/** Where links are asked for. */
export interface LinkQuestion {
  readonly connection: NatsConnection;
  readonly lattice: string;
  readonly providerId: string;
  readonly sensitiveConfigKeys: readonly string[];
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/**
 * Takes over links that were put while this process started. A host writes HostData, starts the process, and
 * sends each link that is put from then on once: those of the time until the process has subscribed are lost
 * to it. It is what wadm does, which puts links while it has providers started.
 *
 * Any host of the lattice tells all links, with the names of their configs, and each config
 * (`link.get` and `config.get.<name>` of the control interface of wasmCloud 1.x). The values of
 * secrets it gives nobody: a missed link that has some is refused, and shows in health.
 *
 * Call it when control messages are taken; what they say of a link is newer than what is found here.
 * Settles when it has asked twice. Where nobody answers, or nobody may ask, nothing happens.
 */
export async function takeMissedLinks(
  question: LinkQuestion,
  intake: LinkIntake,
): Promise<void> {
  const { signal } = question;
  try {
    await takeAll(question, intake, false);
    await sleep(againMs, undefined, { signal, ref: false });
    await takeAll(question, intake, true);
  } catch {
    // Stopped meanwhile; or no host listens, or asking is not permitted: then it is as it always was.
  } finally {
    intake.forgetHeard();
  }
}

/** @param last what cannot be had now is on its way no more */
async function takeAll(
  question: LinkQuestion,
  intake: LinkIntake,
  last: boolean,
): Promise<void> {
  const links = await ask(question, "link.get", listOf(asValue));
  for (const link of links?.list("response") ?? []) {
    const identity = identityOf(link, question.providerId);
    if (identity === undefined || intake.hasHeard(identity)) continue;
    const fields = new Fields(link);
    const end = `${identity.direction}_config`;
    const config = await configOf(question, fields.texts(end));
    // Asking took a while: something newer may have come.
    if (intake.hasHeard(identity)) wipe(config);
    else if (config !== undefined) {
      tellLink(identity, "link-missed", "info", "was put while this started");
      const { source_config: _s, target_config: _t, ...rest } = fields.raw;
      intake.put({ ...rest, [end]: config });
    } else if (last) {
      const missed =
        "A host has the link, but has not given it to the provider.";
      intake.refuse(identity, fail("PROVIDER_LINK_MISSED", missed));
    }
  }
}

/** Which link of this provider it is; undefined if it is another's, or makes no sense. */
function identityOf(
  link: JsonValue,
  providerId: string,
): LinkIdentity | undefined {
  try {
    return readLinkIdentity(link, providerId);
  } catch {
    return undefined;
  }
}

/** Named configs as one, later ones over earlier ones; undefined if one cannot be had. */
async function configOf(
  question: LinkQuestion,
  names: readonly string[],
): Promise<JsonObject | undefined> {
  const merged = Object.create(null) as JsonObject;
  const handling = configMap(question.sensitiveConfigKeys);
  for (const name of names) {
    const named =
      name.startsWith(secretPrefix) || !isSubjectPart(name)
        ? undefined
        : await ask(question, `config.get.${name}`, handling);
    if (named?.raw["response"] === undefined) {
      wipe(merged);
      return undefined;
    }
    for (const [key, value] of Object.entries(named.object("response").raw)) {
      wipe({ [key]: merged[key] ?? null });
      merged[key] = value;
    }
  }
  return merged;
}

function wipe(config: JsonObject | undefined): void {
  for (const value of Object.values(config ?? {}))
    if (value instanceof Secret) value.wipe();
}

/** What any host of the lattice answers; undefined if that it cannot. */
async function ask(
  { connection, lattice, signal }: LinkQuestion,
  what: string,
  response: Handling,
): Promise<Fields | undefined> {
  const answer = await connection.request(
    `wasmbus.ctl.v1.${lattice}.${what}`,
    undefined,
    { timeout: askMs },
  );
  try {
    signal.throwIfAborted();
    const handling = onlyFields({ success: asValue, response });
    const fields = new Fields(parseJson(answer.data, handling));
    return fields.boolean("success", false) ? fields : undefined;
  } finally {
    // Config may hold secrets.
    answer.data.fill(0);
  }
}
