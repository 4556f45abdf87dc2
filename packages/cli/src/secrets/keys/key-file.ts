import { readFileSync, statSync, writeFileSync } from "node:fs";

import { CurveKey, NkeyFault } from "@keyturn/nats";

import { fail } from "../../errors/cli-errors.js";

/** A key file holds one line; more is some other file. */
const longestFile = 4096;

/**
 * Takes a curve key from a file that holds its seed (`SX…`) and nothing else. What was read is wiped.
 *
 * @param what the key is for, as messages name it
 * @param warn told if others may read the file
 * @throws KeyturnError `CLI_FILE_UNREADABLE`, `SECRETS_KEY_INVALID`
 */
export function readKeyFile(
  path: string,
  what: string,
  warn: (text: string) => void,
): CurveKey {
  const bytes = readSmall(path, what);
  try {
    const key = CurveKey.fromSeed(trimmed(bytes));
    if ((statSync(path).mode & 0o077) !== 0)
      warn(
        `The ${what} in ${path} can be read by others. Close it: \`chmod 600 ${path}\`.`,
      );
    return key;
  } catch (cause) {
    if (!(cause instanceof NkeyFault)) throw cause;
    throw fail(
      "SECRETS_KEY_INVALID",
      `The ${what} in ${path} is no seed of a curve key (SX and 56 more characters): ${cause.message}.`,
    );
  } finally {
    bytes.fill(0);
  }
}

/**
 * Writes a new seed to a file that only its owner may read, and gives the public key. A file that is
 * there stays as it is: what it holds may open things.
 *
 * @throws KeyturnError `CLI_FILE_UNWRITABLE`
 */
export function writeNewKeyFile(path: string): CurveKey {
  const seed = Buffer.from(`${CurveKey.generateSeed()}\n`, "latin1");
  try {
    writeFileSync(path, seed, { flag: "wx", mode: 0o600 });
    return CurveKey.fromSeed(trimmed(seed));
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === "EEXIST";
    throw fail(
      "CLI_FILE_UNWRITABLE",
      isThere
        ? `${path} is there already, and what it holds may still be needed.`
        : `${path} cannot be written.`,
      isThere
        ? { next: "Choose another name: `keyturn secrets keygen FILE`." }
        : { cause },
    );
  } finally {
    seed.fill(0);
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

function trimmed(bytes: Uint8Array): Uint8Array {
  const isBlank = (byte: number | undefined): boolean =>
    byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
  let start = 0;
  let end = bytes.length;
  while (start < end && isBlank(bytes[start])) start++;
  while (end > start && isBlank(bytes[end - 1])) end--;
  return bytes.subarray(start, end);
}
