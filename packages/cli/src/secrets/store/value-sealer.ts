import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from "node:crypto";
import { isUtf8 } from "node:buffer";

import { Secret, type CurveKey } from "@keyturn/nats";

import { fail } from "../../errors/cli-errors.js";
import type { SecretKind, SecretValue } from "./secret-value.js";

const magic = Buffer.from("ktv1", "latin1");
const idLength = 8;
const nonceLength = 12;
const tagLength = 16;
/** Magic, id of the seal key, version. */
const openLength = magic.length + idLength + 8;
const kinds: readonly SecretKind[] = ["text", "binary"];
const stockMagic = Buffer.from("xkv1", "latin1");

/** A key that values are sealed with, in both forms that it is used in. */
interface SealKey {
  /** Hexadecimal. */
  readonly id: string;
  readonly curve: CurveKey;
  readonly aes: KeyObject;
}

/**
 * Seals values for the bucket. Form `ktv1`: magic, id of the seal key (8 bytes), version or 0 (8 bytes,
 * big-endian), nonce (12), then AES-256-GCM of a byte for the kind and the value. What is in the open,
 * and the secret's key, is authenticated with it: no value can pass for that of another key.
 *
 * The stock backend's form (`xkv1`, sealed by the seal key to itself) is read too, if allowed: it binds a
 * value to no key.
 */
export class ValueSealer {
  readonly #keys: readonly SealKey[];
  readonly #takesStock: boolean;

  /** @param curves the first seals, all open */
  constructor(curves: readonly [CurveKey, ...CurveKey[]], takesStock: boolean) {
    this.#keys = curves.map(sealKey);
    this.#takesStock = takesStock;
  }

  /** @param version what it was put as, if this is not the first time that it is sealed */
  seal(
    name: string,
    kind: SecretKind,
    value: Uint8Array,
    version: bigint = 0n,
  ): Uint8Array {
    const { id, aes } = this.#keys[0] as SealKey;
    const open = Buffer.alloc(openLength);
    open.set(magic);
    open.write(id, magic.length, "hex");
    open.writeBigUInt64BE(version, magic.length + idLength);
    const nonce = randomBytes(nonceLength);
    const cipher = createCipheriv("aes-256-gcm", aes, nonce);
    cipher.setAAD(Buffer.concat([open, Buffer.from(name, "utf8")]));
    const first = cipher.update(Uint8Array.of(kinds.indexOf(kind)));
    const rest = cipher.update(value);
    cipher.final();
    return Buffer.concat([open, nonce, first, rest, cipher.getAuthTag()]);
  }

  /** What {@link sealOf} gives for what it seals. */
  get current(): string {
    return (this.#keys[0] as SealKey).id;
  }

  /**
   * Opens what is stored under a key.
   *
   * @throws KeyturnError `SECRETS_VALUE_UNREADABLE`
   */
  open(name: string, sealed: Uint8Array): SecretValue {
    const seal = sealOf(sealed);
    if (seal === "stock") return this.#openStock(name, sealed);
    if (
      seal === undefined ||
      sealed.length < openLength + nonceLength + 1 + tagLength
    )
      throw unreadable(name, "has a form that nobody knows");
    const key = this.#keys.find(({ id }) => id === seal);
    if (key === undefined)
      throw unreadable(
        name,
        `is sealed with another key, whose id is ${seal}`,
        "Give that key, too: `--old-seal-key FILE`.",
      );
    const plain = opened(key.aes, name, sealed);
    const kind = kinds[plain?.[0] ?? -1];
    if (plain === undefined || kind === undefined)
      throw unreadable(
        name,
        "does not open: it was changed, or put there for another key",
      );
    const value = Secret.fromBytes(Uint8Array.from(plain.subarray(1)));
    plain.fill(0);
    return { kind, value };
  }

  #openStock(name: string, sealed: Uint8Array): SecretValue {
    if (!this.#takesStock)
      throw unreadable(
        name,
        "is sealed as the stock backend does it",
        "Seal it anew: `keyturn secrets rekey`; or read it as it is: `--stock-values`.",
      );
    for (const { curve } of this.#keys) {
      const plain = curve.open(sealed, curve.publicKey);
      if (plain === undefined) continue;
      const kind = isUtf8(plain) ? "text" : "binary";
      return { kind, value: Secret.fromBytes(plain) };
    }
    throw unreadable(
      name,
      "is sealed by the stock backend with another key",
      "Give that key, too: `--old-seal-key FILE`, the stock backend's `ENCRYPTION_XKEY_SEED` in a file.",
    );
  }
}

/**
 * What a value is sealed with: the id of a key, or `stock` for the stock backend's form. Undefined if
 * its form is not known.
 */
export function sealOf(sealed: Uint8Array): string | undefined {
  if (startsWith(sealed, stockMagic)) return "stock";
  if (!startsWith(sealed, magic)) return undefined;
  const start = magic.length;
  return Buffer.from(sealed.subarray(start, start + idLength)).toString("hex");
}

/** The version that a value was put as, if it was sealed again since; else the bucket's revision is it. */
export function versionInside(sealed: Uint8Array): bigint | undefined {
  if (!startsWith(sealed, magic) || sealed.length < openLength)
    return undefined;
  const version = Buffer.from(sealed.subarray(0, openLength)).readBigUInt64BE(
    magic.length + idLength,
  );
  return version === 0n ? undefined : version;
}

function sealKey(curve: CurveKey): SealKey {
  const shared = curve.sharedWith(curve.publicKey);
  const derived = new Uint8Array(
    hkdfSync("sha256", shared, "", "keyturn secrets at rest ktv1", 32),
  );
  shared.fill(0);
  const aes = createSecretKey(derived);
  derived.fill(0);
  const digest = createHash("sha256").update(curve.publicKey).digest();
  return { id: digest.toString("hex", 0, idLength), curve, aes };
}

function opened(
  aes: KeyObject,
  name: string,
  sealed: Uint8Array,
): Buffer | undefined {
  const body = openLength + nonceLength;
  const decipher = createDecipheriv(
    "aes-256-gcm",
    aes,
    sealed.subarray(openLength, body),
    { authTagLength: tagLength },
  );
  decipher.setAAD(
    Buffer.concat([sealed.subarray(0, openLength), Buffer.from(name, "utf8")]),
  );
  decipher.setAuthTag(sealed.subarray(-tagLength));
  const plain = decipher.update(sealed.subarray(body, -tagLength));
  try {
    decipher.final();
    return plain;
  } catch {
    plain.fill(0);
    return undefined;
  }
}

function startsWith(bytes: Uint8Array, head: Buffer): boolean {
  return head.equals(bytes.subarray(0, head.length));
}

function unreadable(name: string, why: string, next?: string): Error {
  return fail(
    "SECRETS_VALUE_UNREADABLE",
    `The value of \`${name}\` ${why}.`,
    next === undefined ? {} : { next },
  );
}
