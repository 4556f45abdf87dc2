import { CurveKey, NkeyFault } from "@keyturn/nats";

import { fail } from "../../errors/cli-errors.js";
import { readSeedFile, writeNewSeedFile } from "../../files/seed-file.js";

/**
 * Takes a curve key from a file that holds its seed (`SX…`). What was read is wiped.
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
  return readSeedFile(path, what, warn, (line) => {
    try {
      return CurveKey.fromSeed(line);
    } catch (cause) {
      if (!(cause instanceof NkeyFault)) throw cause;
      throw fail(
        "SECRETS_KEY_INVALID",
        `The ${what} in ${path} is no seed of a curve key (SX and 56 more characters): ${cause.message}.`,
      );
    }
  });
}

/**
 * Writes a new seed to a file that only its owner may read, and gives the key. A file that is there
 * stays as it is: what it holds may open things.
 *
 * @throws KeyturnError `CLI_FILE_UNWRITABLE`
 */
export function writeNewKeyFile(path: string): CurveKey {
  return writeNewSeedFile(
    path,
    CurveKey.generateSeed(),
    "Choose another name: `keyturn secrets keygen FILE`.",
    (seed) => CurveKey.fromSeed(seed),
  );
}
