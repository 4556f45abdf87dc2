import { NkeyFault, publicKeyBytes, type NkeyKind } from "@keyturn/nats";

/** Whether a text is a public key of one of some kinds. */
export function isPublicKey(text: string, ...kinds: NkeyKind[]): boolean {
  return kinds.some((kind) => publicKeyFault(text, kind) === undefined);
}

/** Why a text is no public key (of a kind); undefined if it is. */
export function publicKeyFault(
  text: string,
  kind?: NkeyKind,
): string | undefined {
  try {
    publicKeyBytes(text, kind);
    return undefined;
  } catch (error) {
    if (error instanceof NkeyFault) return error.message;
    throw error;
  }
}
