import { Secret } from "../secret/secret.js";

/**
 * The text of a credential as its owner has it. A `Secret` or bytes are best: a string stays in memory
 * until it is collected, whatever is done with it.
 */
export type CredentialText = Secret | Uint8Array | string;

/** Lends a private copy of the bytes to `reader`, and wipes it afterwards. */
export function withBytes<T>(
  text: CredentialText,
  reader: (bytes: Uint8Array) => T,
): T {
  const bytes =
    typeof text === "string"
      ? Buffer.from(text, "utf8")
      : text instanceof Secret
        ? text.use((own) => Uint8Array.from(own))
        : Uint8Array.from(text);
  try {
    return reader(bytes);
  } finally {
    bytes.fill(0);
  }
}

/** Without what people paste around a text: a byte order mark, blanks, line ends. A view, no copy. */
export function trimmed(bytes: Uint8Array): Uint8Array {
  let start =
    bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  let end = bytes.length;
  while (start < end && isBlank(bytes[start] as number)) start++;
  while (end > start && isBlank(bytes[end - 1] as number)) end--;
  return bytes.subarray(start, end);
}

/** Without CR and LF at the end. A view, no copy. */
export function withoutFinalLineEnds(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x0d || bytes[end - 1] === 0x0a)) end--;
  return bytes.subarray(0, end);
}

/** Blank, tab, CR or LF. */
export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}
