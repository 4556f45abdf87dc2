type Thing = "a JWT" | "a seed" | "a public key" | "a whole credentials file";

/**
 * What a text seems to be, if that is not `wanted`: the commonest mistakes are swapped halves, and the
 * text of a whole `.creds` file in the place of one half. Only a guess, for a better message.
 */
export function mistakenFor(
  text: Uint8Array,
  wanted: Thing,
): Thing | undefined {
  const seen = guess(text);
  return seen === wanted ? undefined : seen;
}

function guess(text: Uint8Array): Thing | undefined {
  if (startsWith(text, "-----BEGIN ")) return "a whole credentials file";
  // `{"` in base64, as every JWT begins.
  if (startsWith(text, "eyJ")) return "a JWT";
  if (!text.every(isBase32)) return undefined;
  if (text.length === 58 && text[0] === 0x53) return "a seed";
  return text.length === 56 ? "a public key" : undefined;
}

function startsWith(text: Uint8Array, prefix: string): boolean {
  return (
    text.length > prefix.length &&
    Buffer.from(text.subarray(0, prefix.length)).equals(Buffer.from(prefix))
  );
}

function isBase32(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x32 && code <= 0x37);
}
