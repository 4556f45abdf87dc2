import type { CredentialOrigin } from "../credentials/credential.js";
import { NkeyFault } from "../credentials/nkey.js";
import { trimmed } from "../credentials/text.js";
import { fail } from "../errors/nats-errors.js";
import type { Source } from "../sources/credential-source.js";
import { CurveKey } from "../xkey/curve-key.js";
import { wipeAll, type Material } from "./material.js";
import { sourceFrom } from "./registry.js";

/** A curve key, and where it came from. */
export interface KeptKey {
  readonly key: CurveKey;
  readonly origin: CredentialOrigin;
}

/**
 * The curve key whose seed (`SX…`) lies where a reference points: alone there, or as the field `nkey_seed`. The
 * bytes of the seed are wiped.
 *
 * @throws KeyturnError `REFERENCE_INVALID`; reading it throws `STORE_…`
 */
export function curveKeyFrom(text: string): Source<KeptKey> {
  return sourceFrom(text, "a seal key", makeKey);
}

function makeKey(material: Material, origin: CredentialOrigin): KeptKey {
  const invalid = (why: string): Error =>
    fail(
      "STORE_VALUE_INVALID",
      `What ${origin.source} has is no seed of a curve key (SX and 56 more characters): ${why}.`,
      { next: "Put the seed there, alone." },
    );
  try {
    if (!("nkeySeed" in material)) throw invalid("it is a credential");
    const key = material.nkeySeed.use((bytes) =>
      CurveKey.fromSeed(trimmed(bytes)),
    );
    return { key, origin };
  } catch (error) {
    throw error instanceof NkeyFault ? invalid(error.message) : error;
  } finally {
    wipeAll(Object.values(material));
  }
}
