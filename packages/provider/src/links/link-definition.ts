import {
  asBytes,
  asValue,
  Fields,
  JsonError,
  onlyFields,
  type Handling,
  type JsonValue,
} from "@keyturn/nats/json";

import { fail } from "../errors/provider-errors.js";
import { configMap } from "../settings/handling.js";
import { readSettings, wipeSecrets } from "../settings/settings.js";
import type { SealKeys } from "../seal/seal-keys.js";
import { showLink, type Link, type LinkIdentity } from "./link.js";
import { isSubjectPart } from "./subject-part.js";

/** Of every link that has none. */
const noSecrets: Link["secrets"] = new Map<never, never>();

/** How the parser treats an InterfaceLinkDefinition of wasmCloud 1.x. */
export function linkHandling(sensitiveConfigKeys: readonly string[]): Handling {
  const config = configMap(sensitiveConfigKeys);
  return onlyFields({
    source_id: asValue,
    target: asValue,
    name: asValue,
    wit_namespace: asValue,
    wit_package: asValue,
    interfaces: asValue,
    source_config: config,
    target_config: config,
    source_secrets: asBytes,
    target_secrets: asBytes,
  });
}

/**
 * Which link a definition is about.
 *
 * @throws KeyturnError `PROVIDER_LINK_INVALID`, `PROVIDER_LINK_NOT_OURS`
 */
export function readLinkIdentity(
  definition: JsonValue,
  providerId: string,
): LinkIdentity {
  return refusingJson("A link definition is malformed", () => {
    const fields = new Fields(definition);
    const source = fields.text("source_id", "");
    const target = fields.text("target", "");
    if ((source === providerId) === (target === providerId))
      throw fail(
        "PROVIDER_LINK_NOT_OURS",
        source === target
          ? "A link definition names this provider at both ends."
          : "A link definition names this provider at neither end.",
      );
    const direction = source === providerId ? "source" : "target";
    const [peerField, peer] =
      direction === "source" ? ["target", target] : ["source_id", source];
    if (!isSubjectPart(peer))
      throw fields.problem(peerField, "is not the id of a component");
    const name = word(fields, "name") || "default";
    const namespace = word(fields, "wit_namespace");
    const witPackage = word(fields, "wit_package");
    return {
      key: `${direction} ${peer} ${name} ${namespace}:${witPackage}`,
      direction,
      peer,
      name,
      namespace,
      package: witPackage,
    };
  });
}

/**
 * The link itself: config and secrets of the provider's end, secrets opened. What the definition
 * holds for the component's end is wiped or dropped.
 *
 * @throws KeyturnError `PROVIDER_LINK_INVALID`, `PROVIDER_SEAL_…`, `PROVIDER_SECRETS_MALFORMED`
 */
export function readLink(
  definition: JsonValue,
  identity: LinkIdentity,
  keys: SealKeys,
): Link {
  const { direction } = identity;
  const other = direction === "source" ? "target" : "source";
  return refusingJson(`The link of ${showLink(identity)} is malformed`, () => {
    const fields = new Fields(definition);
    wipeSecrets(readSettings(fields.object(`${other}_config`)).exposed);
    const interfaces = fields.texts("interfaces");
    const settings = readSettings(fields.object(`${direction}_config`));
    try {
      const sealed = fields.bytes(`${direction}_secrets`);
      const secrets =
        sealed === undefined
          ? noSecrets
          : keys.open(sealed, showLink(identity));
      return { ...identity, interfaces, ...settings, secrets };
    } catch (error) {
      wipeSecrets(settings.exposed);
      throw error;
    }
  });
}

/** A part of the link's identity: without blanks, so that keys are unambiguous. */
function word(fields: Fields, name: string): string {
  const text = fields.text(name, "");
  if (/^\S{0,256}$/u.test(text)) return text;
  throw fields.problem(name, "has blanks or is longer than 256 characters");
}

function refusingJson<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw fail("PROVIDER_LINK_INVALID", `${what}: ${error.message}.`);
  }
}
