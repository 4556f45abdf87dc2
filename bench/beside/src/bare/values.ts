/** A broker-message, or what of one is needed here. */
export interface Message {
  readonly subject: string;
  readonly body: Uint8Array;
}

/** The bytes of a broker-message without reply-to, after `before`. */
export function encoded(
  { subject, body }: Message,
  before: readonly number[] = [],
): Uint8Array {
  const bytes = Buffer.allocUnsafe(
    before.length + subject.length + body.length + 11,
  );
  bytes.set(before);
  let at = writeLength(bytes, before.length, subject.length);
  at += bytes.write(subject, at, "latin1");
  at = writeLength(bytes, at, body.length);
  bytes.set(body, at);
  at += body.length;
  bytes[at++] = 0;
  return bytes.subarray(0, at);
}

/** Reads a subject and a body; what follows them does not matter to a bare provider. */
export function decoded(data: Uint8Array): Message {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const name = readLength(bytes, 0);
  const nameEnd = name.at + name.length;
  const body = readLength(bytes, nameEnd);
  return {
    subject: bytes.toString("latin1", name.at, nameEnd),
    body: bytes.subarray(body.at, body.at + body.length),
  };
}

function writeLength(bytes: Buffer, from: number, length: number): number {
  let at = from;
  let rest = length;
  for (; rest > 127; rest >>>= 7) bytes[at++] = (rest & 127) | 128;
  bytes[at++] = rest;
  return at;
}

function readLength(
  bytes: Buffer,
  from: number,
): { readonly at: number; readonly length: number } {
  let at = from;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    length |= (byte & 127) << shift;
    if (byte < 128) return { at, length };
  }
}
