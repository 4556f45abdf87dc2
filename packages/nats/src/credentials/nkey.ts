import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";

/** What a key is for; the first letter of its public form. A module and a service are wasmCloud's. */
export type NkeyKind =
  | "account"
  | "cluster"
  | "curve"
  | "module"
  | "operator"
  | "server"
  | "service"
  | "user";

const kinds: ReadonlyMap<number, NkeyKind> = new Map([
  [0, "account"],
  [2 << 3, "cluster"],
  [23 << 3, "curve"],
  [12 << 3, "module"],
  [14 << 3, "operator"],
  [13 << 3, "server"],
  [21 << 3, "service"],
  [20 << 3, "user"],
]);
const seedPrefix = 18 << 3;
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** DER before the 32 bytes of an Ed25519 private key (RFC 8410). */
const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");
/** DER before the 32 bytes of an Ed25519 public key (RFC 8410). */
const spkiHead = Buffer.from("302a300506032b6570032100", "hex");

/** Why a text is no nkey; a plain word for the reader, never the text. */
export class NkeyFault extends Error {
  override readonly name = "NkeyFault";
}

/** A signing key made from a seed. The seed itself is gone. */
export interface SigningKey {
  readonly kind: NkeyKind;
  /** Public form, for example `U…`. */
  readonly publicKey: string;
  /** Native Ed25519 key; its bytes are outside the JavaScript heap. */
  readonly key: KeyObject;
}

/**
 * Turns the text of an nkey seed (`S…`, 58 characters) into a native key object. Everything decoded on
 * the way is wiped; `text` is left to its owner.
 *
 * @throws NkeyFault
 */
export function signingKeyFromSeed(text: Uint8Array): SigningKey {
  const { kind, bytes } = seedBytes(text);
  const der = Buffer.alloc(pkcs8Head.length + 32);
  try {
    der.set(pkcs8Head);
    der.set(bytes, pkcs8Head.length);
    const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    const spki = createPublicKey(key).export({ format: "der", type: "spki" });
    return {
      kind,
      publicKey: encodePublic(kind, spki.subarray(spkiHead.length)),
      key,
    };
  } finally {
    bytes.fill(0);
    der.fill(0);
  }
}

/**
 * The 32 bytes inside a seed, for a caller that wipes them.
 *
 * Form: base32 without padding of two prefix bytes, the 32 bytes of the key, and a CRC-16.
 *
 * @throws NkeyFault
 */
export function seedBytes(text: Uint8Array): {
  readonly kind: NkeyKind;
  readonly bytes: Uint8Array;
} {
  const raw = decodeChecked(text, "seed");
  try {
    const first = raw[0] as number;
    const second = raw[1] as number;
    if ((first & 0xf8) !== seedPrefix) {
      throw new NkeyFault(
        kinds.has(first)
          ? "it is a public key, not a seed"
          : "it does not begin with S",
      );
    }
    const kind = kinds.get(((first & 0x07) << 5) | ((second & 0xf8) >> 3));
    if (kind === undefined) throw new NkeyFault("it is of an unknown kind");
    if (raw.length !== 36) throw new NkeyFault("it has the wrong length");
    return { kind, bytes: raw.slice(2, 34) };
  } finally {
    raw.fill(0);
  }
}

/** The text of a new seed, for a file; not of a curve key, whose seeds `CurveKey` makes. */
export function generateSeed(kind: Exclude<NkeyKind, "curve">): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  const der = privateKey.export({ format: "der", type: "pkcs8" });
  try {
    return encodeSeed(kind, der.subarray(pkcs8Head.length));
  } finally {
    der.fill(0);
  }
}

/** Kind and 32 bytes of a public nkey such as `A…`. @throws NkeyFault */
export function readPublicKey(text: string): {
  readonly kind: NkeyKind;
  readonly bytes: Uint8Array;
} {
  const raw = decodeChecked(Buffer.from(text, "latin1"), "public key");
  if (raw.length !== 35) throw new NkeyFault("it has the wrong length");
  const kind = kinds.get(raw[0] as number);
  if (kind === undefined) throw new NkeyFault("it is of an unknown kind");
  return { kind, bytes: raw.subarray(1, 33) };
}

/** The 32 bytes of a public nkey such as `A…`, of this kind or of any. @throws NkeyFault */
export function publicKeyBytes(text: string, kind?: NkeyKind): Uint8Array {
  const read = readPublicKey(text);
  if (kind !== undefined && read.kind !== kind)
    throw new NkeyFault("it is of another kind");
  return read.bytes;
}

/** A native key that verifies, of the 32 bytes of a public key. */
export function verifyingKey(bytes: Uint8Array): KeyObject {
  const key = Buffer.concat([spkiHead, bytes]);
  return createPublicKey({ key, format: "der", type: "spki" });
}

/** Public form of the 32 bytes of a public key. */
export function encodePublic(kind: NkeyKind, key: Uint8Array): string {
  return encode([prefixOf(kind)], key);
}

/** The text of a seed of these 32 bytes; a string, so only where it has to be shown or written. */
export function encodeSeed(kind: NkeyKind, key: Uint8Array): string {
  const prefix = prefixOf(kind);
  return encode([seedPrefix | (prefix >> 5), (prefix & 31) << 3], key);
}

function prefixOf(kind: NkeyKind): number {
  return [...kinds].find(([, name]) => name === kind)?.[0] ?? 0;
}

function encode(prefix: readonly number[], key: Uint8Array): string {
  const body = prefix.length + 32;
  const bytes = new Uint8Array(body + 2);
  bytes.set(prefix);
  bytes.set(key, prefix.length);
  const sum = crc16(bytes.subarray(0, body));
  bytes[body] = sum & 0xff;
  bytes[body + 1] = sum >> 8;
  const text = base32(bytes);
  bytes.fill(0);
  return text;
}

function decodeChecked(text: Uint8Array, what: string): Uint8Array {
  if (text.length === 0) throw new NkeyFault("it is empty");
  if (text.length > 128) throw new NkeyFault(`it is too long for a ${what}`);
  const raw = new Uint8Array(Math.floor((text.length * 5) / 8));
  let bits = 0;
  let value = 0;
  let at = 0;
  for (const code of text) {
    const digit =
      code >= 0x41 && code <= 0x5a
        ? code - 0x41
        : code >= 0x32 && code <= 0x37
          ? code - 0x18
          : -1;
    if (digit === -1) {
      raw.fill(0);
      throw new NkeyFault("it has a character outside A-Z and 2-7");
    }
    value = ((value << 5) | digit) & 0xffff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      raw[at++] = (value >> bits) & 0xff;
    }
  }
  const body = raw.length - 2;
  // Bits after the last byte are zero, or two texts would stand for one key.
  const spare = value & ((1 << bits) - 1);
  if (
    spare !== 0 ||
    bits >= 5 ||
    body < 33 ||
    crc16(raw.subarray(0, body)) !==
      ((raw[body] as number) | ((raw[body + 1] as number) << 8))
  ) {
    raw.fill(0);
    throw new NkeyFault(
      "its checksum is wrong: a character is missing, added or changed",
    );
  }
  return raw;
}

function base32(bytes: Uint8Array): string {
  let out = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += alphabet[(value >> bits) & 31];
    }
  }
  return bits > 0 ? out + alphabet[(value << (5 - bits)) & 31] : out;
}

/** CRC-16 with polynomial 0x1021 and initial value 0. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let i = 0; i < 8; i++)
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}
