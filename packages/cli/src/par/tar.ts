// As much of tar as provider archives need. Form: POSIX ustar; read also the long names of GNU and pax.

/** A file in an archive. */
export interface TarEntry {
  /** Path as it is in the archive. */
  readonly name: string;
  /** `0` is a file, `5` a folder; other letters as in tar. */
  readonly type: string;
  readonly data: Buffer;
}

/** Why bytes are no tar; a part of a sentence. */
export class TarFault extends Error {
  override readonly name = "TarFault";
}

const block = 512;

/**
 * A file of a new archive, as blocks. Without owner and time: same files, same bytes.
 *
 * @param name shorter than 100 bytes
 * @param mode as in `chmod`
 */
export function* tarFile(
  name: string,
  mode: number,
  data: Uint8Array,
): Generator<Uint8Array> {
  const header = Buffer.alloc(block);
  const octal = (value: number, at: number, length: number): void => {
    header.write(value.toString(8).padStart(length - 1, "0"), at, "latin1");
  };
  header.write(name, 0, 100, "utf8");
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(data.length, 124, 12);
  octal(0, 136, 12);
  header.fill(0x20, 148, 156);
  header.write("0", 156, "latin1");
  header.write("ustar\u000000", 257, "latin1");
  octal(checksum(header), 148, 7);
  header[155] = 0x20;
  yield header;
  yield data;
  yield Buffer.alloc(-data.length & (block - 1));
}

/** The end of an archive. */
export function tarEnd(): Uint8Array {
  return Buffer.alloc(2 * block);
}

/** The entries of an archive, in their order. @throws TarFault */
export function readTar(bytes: Buffer): TarEntry[] {
  const entries: TarEntry[] = [];
  /** Name for the next entry, where a header had no room for it. */
  let longName: string | undefined;
  for (let at = 0; ;) {
    const header = bytes.subarray(at, at + block);
    if (header.length < block)
      throw new TarFault(
        entries.length === 0 ? "it is no tar" : "it is cut off",
      );
    if (header.every((byte) => byte === 0)) return entries;
    if (number(header, 148, 8) !== checksum(header))
      throw new TarFault(
        entries.length === 0
          ? "it is no tar"
          : `what follows \`${entries.at(-1)?.name}\` is no tar`,
      );
    const size = number(header, 124, 12);
    const data = bytes.subarray(at + block, at + block + size);
    if (data.length < size) throw new TarFault("it is cut off");
    at += block + Math.ceil(size / block) * block;
    const type = header.toString("latin1", 156, 157).replace("\0", "0");
    if (type === "L") longName = text(data);
    else if (type === "x") longName = paxPath(data) ?? longName;
    else if (type !== "g" && type !== "K") {
      entries.push({ name: longName ?? nameOf(header), type, data });
      longName = undefined;
    }
  }
}

function nameOf(header: Buffer): string {
  const name = text(header.subarray(0, 100));
  const isPosix = header.toString("latin1", 257, 263) === "ustar\0";
  const folder = isPosix ? text(header.subarray(345, 500)) : "";
  return folder === "" ? name : `${folder}/${name}`;
}

/** Up to the first zero byte. */
function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end === -1 ? undefined : end);
}

/** A number in octal, or, where that has no room for it, in binary behind a set bit. */
function number(header: Buffer, at: number, length: number): number {
  const field = header.subarray(at, at + length);
  if (((field[0] ?? 0) & 0x80) !== 0) return field.readUIntBE(length - 6, 6);
  const digits = text(field).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : 0;
}

/** Sum of the bytes of a header, those of the sum itself taken as blanks. */
function checksum(header: Buffer): number {
  let sum = 0;
  for (let i = 0; i < block; i++)
    sum += i >= 148 && i < 156 ? 0x20 : (header[i] ?? 0);
  return sum;
}

/** `path` among the records `LENGTH KEY=VALUE\n` of pax. */
function paxPath(data: Buffer): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(data.toString("utf8"))?.[1];
}
