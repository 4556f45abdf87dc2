import { createHmac, randomBytes } from "node:crypto";

import { parseServers, type Secret } from "@keyturn/nats";
import type { Link, Settings } from "@keyturn/provider";

import {
  chooseCredential,
  plaintextOf,
  type AddressUser,
  type CredentialsPolicy,
  type Plaintext,
} from "../credentials/choose-credential.js";
import {
  ReferredCredential,
  type LinkCredential,
} from "../credentials/referred-credential.js";
import {
  findValue,
  textOf,
  type LinkSources,
} from "../credentials/link-sources.js";
import {
  invalid,
  lookUp,
  readSettings,
  type ConfigLayers,
  type LinkSettings,
} from "../config/settings.js";
import type { ConfigKey } from "../config/keys.js";
import { messagingErrors } from "../errors/messaging-errors.js";
import type { ConnectionSpec } from "../connections/connection-spec.js";
import { readTls, type TlsValues } from "../connections/tls-values.js";
import type { ConfigRemark } from "../config/remarks.js";
import { inContext } from "../errors/in-context.js";

/** What the provider itself was given: the defaults of every link. */
export interface ProviderSettings extends Settings {
  readonly secrets: ReadonlyMap<string, Secret>;
}

/** Everything that is known of a link before anything is dialled. */
export interface LinkPlan {
  readonly settings: LinkSettings;
  readonly connection: ConnectionSpec;
  readonly plaintext: readonly Plaintext[];
  readonly remarks: readonly ConfigRemark[];
}

/** As the stock provider, but on loopback: `0.0.0.0` is no destination. */
const defaultServers = "127.0.0.1:4222";

/** What of a link a plan is made from; undefined for the provider by itself. */
type LinkPart = Pick<Link, "direction" | "config" | "exposed" | "secrets">;

/**
 * Works out a link from its config and secrets and those of the provider.
 *
 * @throws KeyturnError `MESSAGING_…`, `CREDENTIAL_…`, `CONNECT_URL_INVALID`
 */
export function planLink(
  provider: ProviderSettings,
  link: LinkPart | undefined,
): LinkPlan {
  return inContext("failed to build connection config", () => {
    const sources = sourcesFor(provider, link);
    const direction =
      link === undefined
        ? "provider"
        : link.direction === "source"
          ? "handler"
          : "consumer";
    const settings = readSettings(sources.layers, direction);
    const policy = readPolicy(sources.layers);
    const address = readAddress(sources);
    const chosen = chooseCredential(sources, address.user, policy);
    const tls = readTls(sources, settings);
    const plaintext = [
      chosen.plaintext,
      tls.key && plaintextOf(tls.key.source, ["tls_key"], policy),
    ].filter((found) => found !== undefined);
    return {
      settings,
      connection: connectionSpec(settings, address, chosen.credential, tls),
      plaintext,
      remarks: [
        ...(chosen.ignoresAddress ? [ignoredAddress(address.place)] : []),
        ...ignoredReferences(sources.layers, chosen.credential),
      ],
    };
  });
}

function sourcesFor(
  provider: ProviderSettings,
  link: LinkPart | undefined,
): LinkSources {
  const own = {
    place: "provider config",
    config: provider.config,
    exposed: provider.exposed,
    refer: "wash start provider … --config",
  };
  return {
    linkSecrets: link?.secrets ?? new Map(),
    providerSecrets: provider.secrets,
    complete: link !== undefined,
    layers:
      link === undefined
        ? [own]
        : [
            own,
            {
              place: "link config",
              config: link.config,
              exposed: link.exposed,
              refer: `wash link put … --${link.direction}-config`,
            },
          ],
  };
}

/** The strictest wins: a link cannot weaken what the provider demands. */
function readPolicy(layers: ConfigLayers): CredentialsPolicy {
  let policy: CredentialsPolicy = "prefer-secrets";
  for (const layer of layers) {
    const found = lookUp([layer], "credentials_policy");
    const value = found?.value.trim();
    if (found === undefined || value === "" || value === "prefer-secrets")
      continue;
    if (value !== "require-secrets")
      throw invalid(
        found.place,
        "credentials_policy",
        "it is neither `prefer-secrets` nor `require-secrets`",
      );
    policy = "require-secrets";
  }
  return policy;
}

interface Address {
  readonly servers: readonly string[];
  readonly demandsTls: boolean;
  readonly place: string;
  readonly user: AddressUser | undefined;
}

function readAddress(sources: LinkSources): Address {
  const found = findValue(sources, "cluster_uris");
  const place = found?.source.name ?? "default";
  const text =
    found === undefined ? defaultServers : textOf(found, "cluster_uris");
  const list = inContext(`\`cluster_uris\` of the ${place}`, () =>
    parseServers(text),
  );
  return {
    servers: list.servers,
    demandsTls: list.tls,
    place,
    user:
      found === undefined || list.user === undefined
        ? undefined
        : { user: list.user, source: found.source },
  };
}

function connectionSpec(
  { inboxPrefix, pingIntervalSec }: LinkSettings,
  { servers, demandsTls }: Address,
  credential: LinkCredential,
  { settings, key }: TlsValues,
): ConnectionSpec {
  const tls = settings ?? (demandsTls ? {} : undefined);
  const plain = {
    servers,
    inboxPrefix,
    pingIntervalMs: pingIntervalSec * 1000,
  };
  const { key: _, ...shown } = tls ?? {};
  return {
    ...plain,
    tls,
    credential,
    key: digest([
      JSON.stringify({ ...plain, wantsTls: tls !== undefined, ...shown }),
      key?.secret ?? "",
    ]),
  };
}

const digestKey = randomBytes(32);

/** Equal if and only if the parts are; tells nothing of them to who sees it. */
function digest(parts: readonly (string | Secret)[]): string {
  const hmac = createHmac("sha256", digestKey);
  for (const part of parts) {
    if (typeof part === "string") hmac.update(`${part.length}:${part}`);
    else part.use((bytes) => hmac.update(`${bytes.length}:`).update(bytes));
  }
  return hmac.digest("base64");
}

function ignoredAddress(place: string): ConfigRemark {
  const key: ConfigKey = "cluster_uris";
  return {
    code: "MESSAGING_CONFIG_UNUSED",
    key,
    message: `The user information in \`${key}\` of the ${place} has no effect: another credential is used. ${messagingErrors.MESSAGING_CONFIG_UNUSED.next}`,
  };
}

/** A reference is passed over where there are secrets. */
function ignoredReferences(
  layers: ConfigLayers,
  chosen: LinkCredential,
): ConfigRemark[] {
  const key: ConfigKey = "credentials";
  const found = lookUp(layers, key);
  if (found === undefined || found.value.trim() === "") return [];
  if (chosen instanceof ReferredCredential) return [];
  return [
    {
      code: "MESSAGING_CONFIG_UNUSED",
      key,
      message: `\`${key}\` of the ${found.place} has no effect: the credential comes from ${chosen.origin.source}. Remove it, or the secrets that come before it.`,
    },
  ];
}
