import { trimmed } from "../../credentials/text.js";
import { readUserJwt } from "../../credentials/user-jwt.js";
import { fail } from "../../errors/nats-errors.js";
import {
  asSecret,
  asValue,
  Fields,
  JsonError,
  onlyFields,
  parseJson,
  type JsonObject,
} from "../../json/index.js";
import type { Secret } from "../../secret/secret.js";
import { fieldNames, fieldsToMaterial, type Material } from "../material.js";
import { secretsIn, valueToMaterial } from "../value.js";
import { programSigner } from "./program-signer.js";

/** What a program gave. */
export interface ProgramOutput {
  readonly material: Material;
  readonly expiresAt: Date | undefined;
  readonly version: string | undefined;
}

/** Whatever a program writes beside these is passed over: it may be a secret, too. */
const handling = onlyFields({
  ...Object.fromEntries(fieldNames.map((name) => [name, asSecret])),
  sign: asValue,
  public_key: asValue,
  expiry: asValue,
  version: asValue,
});

/**
 * Reads what a credential program writes: a JSON object with the fields of a credential (or, in
 * place of a seed, `sign`: a program and its arguments) and perhaps `expiry` (RFC 3339) and `version`; or
 * the text of a `.creds` file. Takes it over.
 *
 * @throws KeyturnError `STORE_VALUE_INVALID`, and as `fieldsToMaterial`
 */
export function parseOutput(output: Secret, where: string): ProgramOutput {
  const isObject = output.use(
    (bytes) => bytes.find((code) => code > 0x20) === 0x7b,
  );
  if (!isObject)
    return {
      material: valueToMaterial(output, where),
      expiresAt: undefined,
      version: undefined,
    };
  try {
    return output.use((bytes) => parseObject(bytes, where));
  } finally {
    output.wipe();
  }
}

function parseObject(bytes: Uint8Array, where: string): ProgramOutput {
  let secrets: ReadonlyMap<string, Secret> = new Map();
  try {
    const value = parseJson(bytes, handling);
    secrets = secretsIn(value as JsonObject);
    const fields = new Fields(value);
    for (const name of fieldNames) fields.secret(name);
    const expiry = fields.text("expiry", "");
    const expiresAt = expiry === "" ? undefined : new Date(expiry);
    if (
      expiresAt !== undefined &&
      (!/^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d/.test(expiry) ||
        Number.isNaN(expiresAt.getTime()))
    )
      throw fields.problem("expiry", "is no time as 2026-11-23T22:00:00Z");
    const version = fields.text("version", "");
    return {
      material:
        signed(fields, secrets, where) ?? fieldsToMaterial(secrets, where),
      expiresAt,
      version: version === "" ? undefined : version.slice(0, 64),
    };
  } catch (error) {
    for (const secret of secrets.values()) secret.wipe();
    if (!(error instanceof JsonError)) throw error;
    throw fail(
      "STORE_VALUE_INVALID",
      `What the program of ${where} wrote cannot be used: ${error.message}.`,
      {
        next: 'Let it write `{"jwt": …, "seed": …, "expiry": …}`, or the text of a `.creds` file.',
        cause: error,
      },
    );
  }
}

/** A user JWT, or an nkey, with a program that signs in place of a seed; undefined if there is none. */
function signed(
  fields: Fields,
  secrets: ReadonlyMap<string, Secret>,
  where: string,
): Material | undefined {
  const command = fields.texts("sign");
  if (command.length === 0) return undefined;
  if (!command[0]?.startsWith("/"))
    throw fields.problem("sign", "must begin with the whole path of a program");
  const jwt = secrets.get("jwt");
  const others = [...secrets.keys()].filter((name) => name !== "jwt");
  if (others.length > 0)
    throw fields.problem("sign", `has no place beside \`${others[0]}\``);
  const publicKey =
    jwt === undefined
      ? fields.text("public_key", "")
      : jwt.use((bytes) => readUserJwt(trimmed(bytes), where)).claims.subject;
  if (publicKey === "")
    throw fields.problem("sign", "needs `jwt` or `public_key` beside it");
  return { signer: programSigner(command, publicKey, where), jwt };
}
