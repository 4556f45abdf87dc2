import { readFileSync, statSync, writeFileSync } from "node:fs";

import { fail } from "../errors/cli-errors.js";

/** A file of a seed holds a line or two; more is some other file. */
const longestFile = 4096;

/**
 * Lends the first line of a file that holds the text of a seed, without blanks around it. What was read
 * is wiped afterwards.
 *
 * @param what the key is for, as messages name it
 * @param warn told if others may read the seed
 * @throws KeyturnError `CLI_FILE_UNREADABLE`
 */
export function readSeedFile<T>(
  path: string,
  what: string,
  warn: (text: string) => void,
  reader: (line: Uint8Array) => T,
): T {
  const bytes = readSmall(path, what);
  try {
    const line = firstLine(bytes);
    const result = reader(line);
    if (line[0] === 0x53 && (statSync(path).mode & 0o077) !== 0)
      warn(
        `The ${what} in ${path} can be read by others. Close it: \`chmod 600 ${path}\`.`,
      );
    return result;
  } finally {
    bytes.fill(0);
  }
}

/**
 * Writes a new seed to a file that only its owner may read, and gives what `reader` makes of it. A file
 * that is there stays as it is: what it holds may still be needed.
 *
 * @param next what to type if the file is there
 * @throws KeyturnError `CLI_FILE_UNWRITABLE`
 */
export function writeNewSeedFile<T>(
  path: string,
  seed: string,
  next: string,
  reader: (seed: Uint8Array) => T,
): T {
  const bytes = Buffer.from(`${seed}\n`, "latin1");
  try {
    writeFileSync(path, bytes, { flag: "wx", mode: 0o600 });
    return reader(firstLine(bytes));
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === "EEXIST";
    throw fail(
      "CLI_FILE_UNWRITABLE",
      isThere
        ? `${path} is there already, and what it holds may still be needed.`
        : `${path} cannot be written.`,
      isThere ? { next } : { cause },
    );
  } finally {
    bytes.fill(0);
  }
}

function readSmall(path: string, what: string): Uint8Array {
  try {
    if (statSync(path).size > longestFile)
      throw new Error(`it has more than ${longestFile} bytes`);
    return readFileSync(path);
  } catch (cause) {
    throw fail(
      "CLI_FILE_UNREADABLE",
      `The ${what} cannot be read from ${path}.`,
      { cause },
    );
  }
}

/** A view, no copy. */
function firstLine(bytes: Uint8Array): Uint8Array {
  const isBlank = (byte: number | undefined): boolean =>
    byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
  let start = 0;
  while (start < bytes.length && isBlank(bytes[start])) start++;
  let end = bytes.indexOf(0x0a, start);
  if (end === -1) end = bytes.length;
  while (end > start && isBlank(bytes[end - 1])) end--;
  return bytes.subarray(start, end);
}
