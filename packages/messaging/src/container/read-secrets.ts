import { isUtf8 } from "node:buffer";

import {
  parseReference,
  readCredsBlocks,
  readFileSecret,
  Secret,
} from "@keyturn/nats";

import { inContext } from "../errors/in-context.js";
import { fail } from "../errors/messaging-errors.js";
import type { JsonWithSecrets } from "./json-bytes.js";

type References = Readonly<Record<string, string>>;

/**
 * The secrets that references name, in the form in which hosts send them: name →
 * `{"kind":"String"|"Bytes","value":…}`.
 *
 * @param path where they stand in the config
 * @param used gets each secret, for its end
 * @throws KeyturnError `MESSAGING_CONTAINER_CONFIG_INVALID`, `REFERENCE_INVALID`, `STORE_…`
 */
export async function readSecrets(
  references: References,
  path: string,
  used: Secret[],
): Promise<Readonly<Record<string, JsonWithSecrets>>> {
  const map: Record<string, JsonWithSecrets> = {};
  for (const [name, reference] of Object.entries(references)) {
    const value = await readSecret(reference, `${path}.${name}`);
    used.push(value);
    map[name] = { kind: value.use(isUtf8) ? "String" : "Bytes", value };
  }
  return map;
}

/** JWT and seed of a credentials file. @throws KeyturnError as above, `CREDENTIAL_…` */
export async function readCreds(
  reference: string,
  path: string,
  used: Secret[],
): Promise<{ readonly jwt: Secret; readonly seed: Secret | "" }> {
  const file = await readSecret(reference, path);
  used.push(file);
  return file.use((bytes) => {
    const { jwt, seed } = readCredsBlocks(bytes, `\`${path}\``);
    const kept = (part: Uint8Array): Secret => {
      const secret = Secret.fromBytes(Uint8Array.from(part));
      used.push(secret);
      return secret;
    };
    return { jwt: kept(jwt), seed: seed === undefined ? "" : kept(seed) };
  });
}

/** The secret that a reference names. @throws KeyturnError as above */
export async function readSecret(text: string, path: string): Promise<Secret> {
  const reference = inContext(`\`${path}\` of the config`, () =>
    parseReference(text),
  );
  if (
    reference.scheme !== "file" ||
    reference.authority !== "" ||
    reference.parameters.size > 0
  )
    throw fail(
      "MESSAGING_CONTAINER_CONFIG_INVALID",
      `The config has at \`${path}\` a reference that is not the name of a file.`,
      { next: "Write `file:///path`." },
    );
  const file = await readFileSecret(reference.path, `\`${path}\``);
  try {
    return file.use((bytes) => {
      // Editors and `echo` end a file with a line end, which is no part of a secret.
      let end = bytes.length;
      while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d))
        end--;
      return Secret.fromBytes(bytes.slice(0, end));
    });
  } finally {
    file.wipe();
  }
}
