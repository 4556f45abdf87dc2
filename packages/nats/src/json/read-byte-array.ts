const closeBracket = 0x5d;
const comma = 0x2c;

/**
 * Reads an array of integers 0–255 whose opening bracket is just before `start`. Undefined if it
 * is any other array, or no array at all. No number of it becomes a JavaScript array element, as
 * those could not be wiped.
 */
export function readByteArray(
  json: Uint8Array,
  start: number,
): { readonly bytes: Uint8Array; readonly end: number } | undefined {
  const end = json.indexOf(closeBracket, start);
  if (end < 0) return undefined;
  let commas = 0;
  for (let at = start; at < end; at++) if (json[at] === comma) commas++;

  const buffer = new Uint8Array(commas + 1);
  let length = 0;
  let digits = 0;
  let value = 0;
  let closed = false; // blanks after a number: no further digit may follow
  for (let at = start; at <= end; at++) {
    const byte = json[at] as number;
    if (byte >= 0x30 && byte <= 0x39) {
      // A leading zero is no JSON number.
      if (closed || (digits > 0 && value === 0)) return wiped(buffer);
      value = value * 10 + byte - 0x30;
      digits++;
      if (value > 255) return wiped(buffer);
    } else if (byte === comma || byte === closeBracket) {
      if (digits === 0) {
        if (byte === closeBracket && commas === 0) break;
        return wiped(buffer);
      }
      buffer[length++] = value;
      digits = 0;
      value = 0;
      closed = false;
    } else if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)
      closed = digits > 0;
    else return wiped(buffer);
  }
  return {
    bytes: length === buffer.length ? buffer : buffer.slice(0, length),
    end: end + 1,
  };
}

function wiped(buffer: Uint8Array): undefined {
  buffer.fill(0);
  return undefined;
}
