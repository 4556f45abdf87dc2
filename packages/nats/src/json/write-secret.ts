const quote = 0x22;
const backslash = 0x5c;
const hex = "0123456789abcdef";

/**
 * UTF-8 bytes as a JSON string, quotes included, without ever being a JavaScript string. The caller has
 * made sure that they are UTF-8, and wipes what it gets.
 */
export function jsonString(utf8: Uint8Array): Uint8Array {
  let length = 2;
  for (const byte of utf8) length += escapedLength(byte);
  const out = new Uint8Array(length);
  let at = 0;
  out[at++] = quote;
  for (const byte of utf8) {
    if (byte >= 0x20) {
      if (byte === quote || byte === backslash) out[at++] = backslash;
      out[at++] = byte;
    } else
      for (const char of `\\u00${hex[byte >> 4]}${hex[byte & 15]}`)
        out[at++] = char.charCodeAt(0);
  }
  out[at] = quote;
  return out;
}

function escapedLength(byte: number): number {
  if (byte < 0x20) return 6;
  return byte === quote || byte === backslash ? 2 : 1;
}

/** Bytes as a JSON array of integers; the caller wipes what it gets. */
export function jsonByteArray(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(2 + bytes.length * 4);
  let at = 0;
  out[at++] = 0x5b;
  for (const [i, byte] of bytes.entries()) {
    if (i > 0) out[at++] = 0x2c;
    if (byte > 99) out[at++] = 0x30 + Math.trunc(byte / 100);
    if (byte > 9) out[at++] = 0x30 + (Math.trunc(byte / 10) % 10);
    out[at++] = 0x30 + (byte % 10);
  }
  out[at++] = 0x5d;
  const exact = out.slice(0, at);
  out.fill(0);
  return exact;
}
