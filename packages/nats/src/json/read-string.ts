const quote = 0x22;
const backslash = 0x5c;

/** Where a string ends, or what is wrong with it. */
export interface StringEnd {
  /** Index of the closing quote, or of the offending byte. */
  readonly at: number;
  readonly escapes: boolean;
  readonly problem?: string;
}

/** Finds the closing quote of the string whose first content byte is at `start`. */
export function endOfString(bytes: Uint8Array, start: number): StringEnd {
  let escapes = false;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === quote) return { at, escapes };
    if (byte === backslash) {
      escapes = true;
      at++;
    } else if (byte < 0x20)
      return { at, escapes, problem: "a control character in a string" };
  }
  return { at: bytes.length, escapes, problem: "a string without end" };
}

const shortEscapes = new Map<number, number>([
  [quote, quote],
  [backslash, backslash],
  [0x2f, 0x2f], // /
  [0x62, 0x08], // b
  [0x66, 0x0c], // f
  [0x6e, 0x0a], // n
  [0x72, 0x0d], // r
  [0x74, 0x09], // t
]);

/**
 * Resolves the escapes of a string's content into UTF-8, in memory of its own. Undefined if an
 * escape is malformed or stands for half a surrogate pair, which has no UTF-8 form.
 */
export function unescape(raw: Uint8Array): Uint8Array | undefined {
  // An escape is never shorter than what it stands for.
  const buffer = new Uint8Array(raw.length);
  let length = 0;
  let at = 0;
  while (at < raw.length) {
    const byte = raw[at] as number;
    if (byte !== backslash) {
      buffer[length++] = byte;
      at++;
      continue;
    }
    const kind = raw[at + 1] as number;
    const short = shortEscapes.get(kind);
    if (short !== undefined) {
      buffer[length++] = short;
      at += 2;
      continue;
    }
    const point = kind === 0x75 ? codePointAt(raw, at) : undefined;
    if (point === undefined) {
      buffer.fill(0);
      return undefined;
    }
    at += point > 0xffff ? 12 : 6;
    length = putUtf8(buffer, length, point);
  }
  const plain = buffer.slice(0, length);
  buffer.fill(0);
  return plain;
}

/** The code point of the `\uXXXX` (or pair of them) at `at`. */
function codePointAt(raw: Uint8Array, at: number): number | undefined {
  const unit = hex4(raw, at + 2);
  if (unit === undefined || unit < 0xd800 || unit > 0xdfff) return unit;
  if (unit > 0xdbff || raw[at + 6] !== backslash || raw[at + 7] !== 0x75)
    return undefined;
  const low = hex4(raw, at + 8);
  if (low === undefined || low < 0xdc00 || low > 0xdfff) return undefined;
  return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

function hex4(raw: Uint8Array, at: number): number | undefined {
  let unit = 0;
  for (let i = at; i < at + 4; i++) {
    const byte = raw[i];
    if (byte === undefined) return undefined;
    const lower = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) unit = unit * 16 + byte - 0x30;
    else if (lower >= 0x61 && lower <= 0x66) unit = unit * 16 + lower - 0x57;
    else return undefined;
  }
  return unit;
}

/** Writes a code point as UTF-8; returns the new length. */
function putUtf8(buffer: Uint8Array, length: number, point: number): number {
  if (point < 0x80) {
    buffer[length] = point;
    return length + 1;
  }
  const trailing = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  const lead = [0, 0xc0, 0xe0, 0xf0][trailing] as number;
  buffer[length] = lead | (point >> (6 * trailing));
  for (let i = 1; i <= trailing; i++)
    buffer[length + i] = 0x80 | ((point >> (6 * (trailing - i))) & 0x3f);
  return length + trailing + 1;
}
