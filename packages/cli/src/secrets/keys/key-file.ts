import { CurveKey, curveKeyFrom, knownSchemes, NkeyFault } from "@keyturn/nats";

import { fail } from "../../errors/cli-errors.js";
import { readSeedFile, writeNewSeedFile } from "../../files/seed-file.js";

/** How long a store may take, in milliseconds. */
const storeMs = 30_000;

/**
 * Takes a curve key from where its seed (`SX…`) lies: the path of a file, or a reference to a store. What was
 * read is wiped.
 *
 * @param what the key is for, as messages name it
 * @param warn told if others may read it
 * @throws KeyturnError `CLI_FILE_UNREADABLE`, `SECRETS_KEY_INVALID`, `REFERENCE_INVALID`, `STORE_…`
 */
export async function readKey(
  place: string,
  what: string,
  warn: (text: string) => void,
): Promise<CurveKey> {
  const [scheme = ""] = place.split(":", 1);
  if (!place.includes(":") || !knownSchemes().includes(scheme))
    return readKeyFile(place, what, warn);
  const signal = AbortSignal.timeout(storeMs);
  const { key, origin } = await curveKeyFrom(place).read(signal);
  if (origin.plaintext)
    warn(
      `The ${what} from ${origin.source} is not kept secret. ${origin.hint ?? "Keep it in a store that only this program reads."}`,
    );
  return key;
}

/**
 * Takes a curve key from a file that holds its seed (`SX…`). What was read is wiped.
 *
 * @param what the key is for, as messages name it
 * @param warn told if others may read the file
 * @throws KeyturnError `CLI_FILE_UNREADABLE`, `SECRETS_KEY_INVALID`
 */
function readKeyFile(
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
