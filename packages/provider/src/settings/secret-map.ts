import type { Secret } from "@keyturn/nats";
import type { Fields } from "@keyturn/nats/json";

/**
 * Reads a wasmCloud secret map, name → `{"kind":"String"|"Bytes","value":…}`, that was parsed with
 * `secretMap` handling. Both kinds are bytes here; a String's are its UTF-8.
 *
 * @throws JsonError
 */
export function readSecretMap(map: Fields): ReadonlyMap<string, Secret> {
  const secrets = new Map<string, Secret>();
  for (const name of map.names()) {
    const entry = map.object(name);
    const kind = entry.text("kind", "");
    if (kind !== "String" && kind !== "Bytes")
      throw entry.problem("kind", 'must be "String" or "Bytes"');
    const value = entry.secret(
      "value",
      "a string or an array of integers 0 to 255",
    );
    if (value === undefined) throw entry.problem("value", "is missing");
    secrets.set(name, value);
  }
  return secrets;
}
