import { NkeyFault, signingKeyFromSeed, type SigningKey } from "@keyturn/nats";

import { fail } from "../errors/cli-errors.js";
import { readSeedFile } from "../files/seed-file.js";
import { isPublicKey } from "../secrets/keys/public-key.js";

/**
 * The key that signs, from a file of `keyturn par keygen`, `wash keys` or `nk`: its first line is the
 * seed of an account, `SA…`.
 *
 * @param warn told if others may read the file
 * @throws KeyturnError `CLI_FILE_UNREADABLE`, `PAR_KEY_INVALID`
 */
export function readIssuer(
  path: string,
  warn: (text: string) => void,
): SigningKey {
  return readSeedFile(path, "issuer's key", warn, (line) => {
    const key = seedOf(
      line,
      path,
      "issuer's key",
      "the seed of an account key (SA and 56 more characters)",
    );
    if (key.kind !== "account")
      throw invalid(
        `The issuer's key in ${path} is of kind ${key.kind}; accounts issue providers (\`SA…\`).`,
      );
    return key;
  });
}

/**
 * The identity of a provider, `V…`: itself, or from a file that holds it or its seed `SV…`. The seed is
 * not needed to sign.
 *
 * @param warn told if others may read a seed
 * @throws KeyturnError `CLI_FILE_UNREADABLE`, `PAR_KEY_INVALID`
 */
export function readSubject(
  given: string,
  warn: (text: string) => void,
): string {
  if (isPublicKey(given, "service")) return given;
  return readSeedFile(given, "provider's key", warn, (line) => {
    // A seed stays bytes.
    const isSeed = line[0] === 0x53;
    const text = isSeed ? "" : Buffer.from(line).toString("latin1");
    if (isPublicKey(text, "service")) return text;
    const key = seedOf(
      line,
      given,
      "provider's key",
      "a provider's public key (V…) or its seed (SV…)",
    );
    if (key.kind !== "service")
      throw invalid(
        `The provider's key in ${given} is of kind ${key.kind}; a provider's begins with \`SV\`.`,
      );
    return key.publicKey;
  });
}

function seedOf(
  line: Uint8Array,
  path: string,
  what: string,
  wanted: string,
): SigningKey {
  try {
    return signingKeyFromSeed(line);
  } catch (cause) {
    if (!(cause instanceof NkeyFault)) throw cause;
    throw invalid(`The ${what} in ${path} is not ${wanted}: ${cause.message}.`);
  }
}

function invalid(message: string): Error {
  return fail("PAR_KEY_INVALID", message);
}
