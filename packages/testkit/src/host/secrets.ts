import type { HostKeys } from "./host-keys.js";

/** Secrets by name; text or bytes. */
export type SecretValues = Readonly<Record<string, string | Uint8Array>>;

/** A secret map as the host writes it: `{"name":{"kind":"String","value":"…"}}`. */
export function secretMap(secrets: SecretValues): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(secrets).map(([name, value]) => [
      name,
      typeof value === "string"
        ? { kind: "String", value }
        : { kind: "Bytes", value: [...value] },
    ]),
  );
}

/** Seals a text (`xkv1`) for the provider, or for another public curve key. */
export function seal(
  keys: HostKeys,
  plaintext: string,
  recipient = keys.provider.getPublicKey(),
): Uint8Array {
  return keys.host.seal(new TextEncoder().encode(plaintext), recipient);
}
