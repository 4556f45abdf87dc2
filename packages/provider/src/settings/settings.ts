import type { Secret } from "@keyturn/nats";
import type { Fields } from "@keyturn/nats/json";

/** A config map, with the values of sensitive keys set apart. */
export interface Settings {
  /** Values of ordinary keys. An object without prototype. */
  readonly config: Readonly<Record<string, string>>;
  /**
   * Values of the definition's `sensitiveConfigKeys`, under the key as it was written. They came
   * in plain config, exposed to everyone who may read that, hence the name.
   */
  readonly exposed: ReadonlyMap<string, Secret>;
}

/** Splits a config map that was parsed with `configMap` handling. */
export function readSettings(map: Fields): Settings {
  const config = Object.create(null) as Record<string, string>;
  const exposed = new Map<string, Secret>();
  for (const key of map.names()) {
    const value = map.textOrSecret(key);
    if (typeof value === "string") config[key] = value;
    else exposed.set(key, value);
  }
  return { config: Object.freeze(config), exposed };
}

/** Whether two settings hold the same keys and values. */
export function sameSettings(a: Settings, b: Settings): boolean {
  return sameTexts(a.config, b.config) && sameSecrets(a.exposed, b.exposed);
}

/** Whether both hold the same names and bytes. A wiped secret is like no other. */
export function sameSecrets(
  a: ReadonlyMap<string, Secret>,
  b: ReadonlyMap<string, Secret>,
): boolean {
  if (a.size !== b.size) return false;
  for (const [name, secret] of a) {
    const other = b.get(name);
    if (other === undefined || secret.wiped || other.wiped) return false;
    if (!secret.equals(other)) return false;
  }
  return true;
}

export function wipeSecrets(secrets: ReadonlyMap<string, Secret>): void {
  for (const secret of secrets.values()) secret.wipe();
}

function sameTexts(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => a[key] === b[key])
  );
}
