const invalid = 0xff;
const pad = 0x3d;

const sextets = new Uint8Array(256).fill(invalid);
for (const [value, char] of Array.from(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
).entries())
  sextets[char.charCodeAt(0)] = value;

/**
 * Decodes standard base64 with padding from bytes to bytes, so that no string of the content ever
 * exists. Undefined if `text` is anything else.
 */
export function decodeBase64(text: Uint8Array): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  let end = text.length;
  if (text[end - 1] === pad) end--;
  if (text[end - 1] === pad && end === text.length - 1) end--;

  const bytes = new Uint8Array(Math.floor((end * 3) / 4));
  let length = 0;
  let bits = 0;
  let held = 0;
  for (let at = 0; at < end; at++) {
    const sextet = sextets[text[at] as number] as number;
    if (sextet === invalid) {
      bytes.fill(0);
      return undefined;
    }
    held = ((held << 6) | sextet) & 0xfff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[length++] = held >> bits;
    }
  }
  return bytes;
}
