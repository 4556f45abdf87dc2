import type { SecretKind } from "../store/secret-value.js";

const utf8 = new TextEncoder();
const quote = 0x22;
const backslash = 0x5c;

/**
 * The answer that carries a secret, as JSON, before it is sealed. The value goes from bytes to bytes and
 * is never a string; the caller wipes the result.
 *
 * @param value UTF-8 if `kind` is `text`
 */
export function secretResponse(
  version: string,
  kind: SecretKind,
  value: Uint8Array,
): Uint8Array {
  const head = utf8.encode(
    `{"secret":{"version":${JSON.stringify(version)},"string_secret":`,
  );
  const [before, body, after] =
    kind === "text"
      ? ['"', escaped(value), '","binary_secret":null}}']
      : ['null,"binary_secret":[', decimals(value), "]}}"];
  const result = Buffer.concat([
    head,
    utf8.encode(before),
    body,
    utf8.encode(after),
  ]);
  body.fill(0);
  return result;
}

/** The inside of a JSON string, RFC 8259 section 7. */
function escaped(text: Uint8Array): Uint8Array {
  let length = 0;
  for (const byte of text) length += escapedLength(byte);
  const out = Buffer.alloc(length);
  let at = 0;
  for (const byte of text) {
    if (byte === quote || byte === backslash) {
      out[at++] = backslash;
      out[at++] = byte;
    } else if (byte < 0x20)
      at += out.write(`\\u00${byte.toString(16).padStart(2, "0")}`, at);
    else out[at++] = byte;
  }
  return out;
}

function escapedLength(byte: number): number {
  if (byte < 0x20) return 6;
  return byte === quote || byte === backslash ? 2 : 1;
}

/** `1,22,255`. */
function decimals(bytes: Uint8Array): Uint8Array {
  const out = Buffer.alloc(bytes.length * 4);
  let at = 0;
  for (const [index, byte] of bytes.entries()) {
    if (index > 0) out[at++] = 0x2c;
    if (byte > 99) out[at++] = 0x30 + Math.floor(byte / 100);
    if (byte > 9) out[at++] = 0x30 + (Math.floor(byte / 10) % 10);
    out[at++] = 0x30 + (byte % 10);
  }
  return out.subarray(0, at);
}
