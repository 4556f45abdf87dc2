import { generateSeed, signingKeyFromSeed } from "@keyturn/nats";

/** A public key that nkeys' library has no maker for: `M…` of a component, `V…` of a provider. */
export function entityKey(kind: "M" | "V"): string {
  const seed = generateSeed(kind === "M" ? "module" : "service");
  return signingKeyFromSeed(Buffer.from(seed)).publicKey;
}
