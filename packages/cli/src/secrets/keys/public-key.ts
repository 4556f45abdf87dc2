import { NkeyFault, readPublicKey, type NkeyKind } from "@keyturn/nats";

/** Whether a text is a public key of one of some kinds. */
export function isPublicKey(text: string, ...kinds: NkeyKind[]): boolean {
  const kind = kindOf(text);
  return !(kind instanceof NkeyFault) && kinds.includes(kind);
}

/** Why a text is no public key of any kind; undefined if it is one. */
export function publicKeyFault(text: string): string | undefined {
  const kind = kindOf(text);
  return kind instanceof NkeyFault ? kind.message : undefined;
}

function kindOf(text: string): NkeyKind | NkeyFault {
  try {
    return readPublicKey(text).kind;
  } catch (error) {
    if (error instanceof NkeyFault) return error;
    throw error;
  }
}
