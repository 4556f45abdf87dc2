import type { Secret } from "@keyturn/nats";

import type { Settings } from "../settings/settings.js";
import {
  sameSecrets,
  sameSettings,
  wipeSecrets,
} from "../settings/settings.js";

/** One link between this provider and a component, with the config and secrets of our end. */
export interface Link extends Settings {
  /** Identity: direction, peer, link name, namespace and package. Fit for logs. */
  readonly key: string;
  /**
   * Which end the provider is: `source` = it calls the component, `target` = the component calls
   * it.
   */
  readonly direction: "source" | "target";
  /** Id of the component at the other end. */
  readonly peer: string;
  /** Link name; `default` unless the operator chose another. */
  readonly name: string;
  /** WIT namespace, e.g. `wasmcloud`; "" on very old hosts. */
  readonly namespace: string;
  /** WIT package without version, e.g. `messaging`; "" on very old hosts. */
  readonly package: string;
  /** Interface names without version, e.g. `["consumer"]`. Informative. */
  readonly interfaces: readonly string[];
  /** Secrets of our end of the link, opened; wiped when the link is gone. */
  readonly secrets: ReadonlyMap<string, Secret>;
}

/** What identifies a link. */
export type LinkIdentity = Pick<
  Link,
  "key" | "direction" | "peer" | "name" | "namespace" | "package"
>;

/** Whether two links of one key ask for the same. */
export function sameLink(a: Link, b: Link): boolean {
  return (
    a.interfaces.length === b.interfaces.length &&
    a.interfaces.every((name, index) => name === b.interfaces[index]) &&
    sameSettings(a, b) &&
    sameSecrets(a.secrets, b.secrets)
  );
}

/** Wipes every secret that the link carries. */
export function wipeLink(link: Link): void {
  wipeSecrets(link.exposed);
  wipeSecrets(link.secrets);
}

/** `component echo, link default (wasmcloud:messaging)`: how messages name a link. */
export function showLink(link: LinkIdentity): string {
  return `component ${link.peer}, link ${link.name} (${link.namespace}:${link.package})`;
}
