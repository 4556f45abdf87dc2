import { fromCurveSeed, type KeyPair } from "@nats-io/nkeys";

import type { Secret } from "@keyturn/nats";
import { Fields, JsonError, parseJson } from "@keyturn/nats/json";

import { fail } from "../errors/provider-errors.js";
import { secretMap } from "../settings/handling.js";
import { readSecretMap } from "../settings/secret-map.js";

/** Opens what the host sealed for this provider (nkeys "xkv1", NaCl box). */
export interface SealKeys {
  /** This provider's public curve key `X…`; undefined on hosts before wasmCloud 1.1. */
  readonly publicKey: string | undefined;
  /**
   * Opens sealed link secrets. The opened bytes are wiped; only the secrets remain.
   *
   * @param owner names the link in errors
   * @throws KeyturnError `PROVIDER_SEAL_…`, `PROVIDER_SECRETS_MALFORMED`
   */
  open(sealed: Uint8Array, owner: string): ReadonlyMap<string, Secret>;
  /** Forgets the private key. Idempotent. */
  wipe(): void;
}

/**
 * Makes the keys from HostData's two fields. Wipes `seed`.
 *
 * @throws KeyturnError `PROVIDER_XKEY_INVALID`
 */
export function sealKeys(seed: Secret | undefined, hostXkey: string): SealKeys {
  if (seed === undefined) {
    if (hostXkey === "") return noKeys;
    throw fail(
      "PROVIDER_XKEY_INVALID",
      "HostData has `host_xkey_public_key` but no `provider_xkey_private_key`.",
    );
  }
  const pair = curvePair(seed);
  if (hostXkey !== "" && !/^X[A-Z2-7]{55}$/.test(hostXkey))
    throw fail(
      "PROVIDER_XKEY_INVALID",
      "`host_xkey_public_key` in HostData is not a public curve key (X and 55 more characters).",
    );
  return {
    publicKey: pair.getPublicKey(),
    open: (sealed, owner) => openSecrets(pair, hostXkey, sealed, owner),
    wipe: () => pair.clear(),
  };
}

const noKeys: SealKeys = {
  publicKey: undefined,
  open: (_, owner) => missingKeys(owner),
  wipe: () => {},
};

function curvePair(seed: Secret): KeyPair {
  try {
    return seed.use((bytes) => fromCurveSeed(bytes));
  } catch {
    // The cause is dropped: the library's errors are not known to be free of their input.
    throw fail(
      "PROVIDER_XKEY_INVALID",
      "`provider_xkey_private_key` in HostData is not a curve seed (SX and 56 more characters).",
    );
  } finally {
    seed.wipe();
  }
}

function openSecrets(
  pair: KeyPair,
  hostXkey: string,
  sealed: Uint8Array,
  owner: string,
): ReadonlyMap<string, Secret> {
  if (hostXkey === "") missingKeys(owner);
  const opened = unseal(pair, hostXkey, sealed, owner);
  try {
    return readSecretMap(new Fields(parseJson(opened, secretMap)));
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw fail(
      "PROVIDER_SECRETS_MALFORMED",
      `The opened secrets of ${owner} are malformed: ${error.message}.`,
    );
  } finally {
    opened.fill(0);
  }
}

function unseal(
  pair: KeyPair,
  hostXkey: string,
  sealed: Uint8Array,
  owner: string,
): Uint8Array {
  let opened: Uint8Array | null;
  try {
    opened = pair.open(sealed, hostXkey);
  } catch (cause) {
    throw fail(
      "PROVIDER_SEAL_MALFORMED",
      `The sealed secrets of ${owner} (${sealed.byteLength} bytes) have no valid seal.`,
      { cause },
    );
  }
  // The library tells a failed authentication by null.
  if (opened === null)
    throw fail(
      "PROVIDER_SEAL_WRONG_KEY",
      `The sealed secrets of ${owner} (${sealed.byteLength} bytes) do not open with the keys of this host and provider.`,
    );
  return opened;
}

function missingKeys(owner: string): never {
  throw fail(
    "PROVIDER_SEAL_KEYS_MISSING",
    `The link of ${owner} has sealed secrets, and HostData held no curve keys.`,
  );
}
