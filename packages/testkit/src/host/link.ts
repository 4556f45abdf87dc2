import type { HostKeys } from "./host-keys.js";
import { seal, secretMap, type SecretValues } from "./secrets.js";

/** Secrets of one side of a link; bytes are sent as they are, as a seal that may be broken. */
export type LinkSecrets = SecretValues | Uint8Array;

/** A link as an operator puts it, with the values that the host resolves. */
export interface LinkOptions {
  readonly source: string;
  readonly target: string;
  /** Default `default`. */
  readonly name?: string;
  /** WIT namespace. Default `wasmcloud`. */
  readonly namespace?: string;
  /** WIT package. Default `messaging`. */
  readonly package?: string;
  readonly interfaces: readonly string[];
  readonly sourceConfig?: Readonly<Record<string, string>>;
  readonly targetConfig?: Readonly<Record<string, string>>;
  readonly sourceSecrets?: LinkSecrets;
  readonly targetSecrets?: LinkSecrets;
}

/** An InterfaceLinkDefinition as it travels. */
export interface LinkDefinition {
  readonly source_id: string;
  readonly target: string;
  readonly name: string;
  readonly wit_namespace: string;
  readonly wit_package: string;
  readonly interfaces: readonly string[];
  readonly source_config: Readonly<Record<string, string>>;
  readonly target_config: Readonly<Record<string, string>>;
  readonly source_secrets: readonly number[] | null;
  readonly target_secrets: readonly number[] | null;
}

/** What the host tells of a link, its secrets sealed for the provider. */
export function linkDefinition(
  link: LinkOptions,
  keys: HostKeys,
): LinkDefinition {
  return {
    ...linkIdentity(link),
    source_config: link.sourceConfig ?? {},
    target_config: link.targetConfig ?? {},
    source_secrets: sealed(link.sourceSecrets, keys),
    target_secrets: sealed(link.targetSecrets, keys),
  };
}

/** What the host tells of a link that is deleted: no config, no secrets. */
export function deletedLink(link: LinkOptions): LinkDefinition {
  return {
    ...linkIdentity(link),
    source_config: {},
    target_config: {},
    source_secrets: null,
    target_secrets: null,
  };
}

/** Equal for two links of which the host knows only one at a time. */
export function linkKey(link: LinkOptions): string {
  const { source_id, target, name, wit_namespace, wit_package } =
    linkIdentity(link);
  return JSON.stringify([source_id, target, name, wit_namespace, wit_package]);
}

function linkIdentity(link: LinkOptions) {
  return {
    source_id: link.source,
    target: link.target,
    name: link.name ?? "default",
    wit_namespace: link.namespace ?? "wasmcloud",
    wit_package: link.package ?? "messaging",
    interfaces: link.interfaces,
  };
}

function sealed(
  secrets: LinkSecrets | undefined,
  keys: HostKeys,
): number[] | null {
  if (secrets === undefined) return null;
  if (secrets instanceof Uint8Array) return [...secrets];
  // A host never seals an empty map.
  if (Object.keys(secrets).length === 0) return null;
  return [...seal(keys, JSON.stringify(secretMap(secrets)))];
}
