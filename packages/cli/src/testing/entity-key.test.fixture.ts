import { randomBytes } from "node:crypto";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** A public key that nkeys' library has no maker for: `M…` of a component, `V…` of a provider. */
export function entityKey(kind: "M" | "V"): string {
  const bytes = Buffer.concat([
    Buffer.of(alphabet.indexOf(kind) << 3),
    randomBytes(32),
    Buffer.alloc(2),
  ]);
  bytes.writeUInt16LE(crc16(bytes.subarray(0, 33)), 33);
  const bits = [...bytes]
    .map((byte) => byte.toString(2).padStart(8, "0"))
    .join("");
  return (bits.match(/.{5}/g) ?? [])
    .map((five) => alphabet[Number.parseInt(five, 2)])
    .join("");
}

function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let i = 0; i < 8; i++)
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}
