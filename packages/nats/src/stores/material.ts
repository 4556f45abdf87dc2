import type {
  Credential,
  CredentialOrigin,
} from "../credentials/credential.js";
import {
  credsCredential,
  nkeyCredential,
  passwordCredential,
  signerCredential,
  tokenCredential,
  userJwtCredential,
} from "../credentials/makers.js";
import { fail } from "../errors/nats-errors.js";
import type { Secret } from "../secret/secret.js";
import type { Signer } from "../signers/signer.js";
import { nearest } from "../text/nearest.js";

/** What a store has found, before it is a credential. Only a bearer JWT has neither seed nor signer. */
export type Material =
  | { readonly creds: Secret }
  | { readonly jwt: Secret; readonly seed?: Secret | undefined }
  | { readonly signer: Signer; readonly jwt?: Secret | undefined }
  | { readonly nkeySeed: Secret }
  | { readonly user: string; readonly password: Secret }
  | { readonly token: Secret };

/** Makes something of what a store has found, whose texts it wipes in every case. */
export type Maker<T> = (
  material: Material,
  origin: CredentialOrigin,
  expiresAt?: Date,
) => T;

/**
 * The credential of what a store has found. Its texts are wiped in every case.
 *
 * @param expiresAt when the store says that it ends; the JWT may end earlier
 * @throws KeyturnError `CREDENTIAL_…`
 */
export function credentialFrom(
  material: Material,
  origin: CredentialOrigin,
  expiresAt?: Date,
): Credential {
  try {
    const credential = make(material, origin, expiresAt);
    credential.assertUsable();
    return credential;
  } finally {
    wipeAll(Object.values(material));
  }
}

function make(
  material: Material,
  origin: CredentialOrigin,
  expiresAt: Date | undefined,
): Credential {
  if ("creds" in material)
    return credsCredential(material.creds, origin, expiresAt);
  if ("signer" in material) {
    const { signer, jwt } = material;
    return signerCredential({ signer, jwt, origin, expiresAt });
  }
  if ("jwt" in material) {
    const { jwt, seed } = material;
    return userJwtCredential({ jwt, seed, origin, expiresAt });
  }
  if ("nkeySeed" in material)
    return nkeyCredential({ seed: material.nkeySeed, origin, expiresAt });
  if ("token" in material)
    return tokenCredential({ token: material.token, origin, expiresAt });
  const { user, password } = material;
  return passwordCredential({ user, password, origin, expiresAt });
}

/** What fields are called, the shorter name first; the longer ones are the messaging provider's. */
const names = {
  jwt: ["jwt", "client_jwt"],
  seed: ["seed", "client_seed"],
  creds: ["creds", "client_creds"],
  nkeySeed: ["nkey_seed"],
  user: ["user", "username"],
  password: ["password"],
  token: ["token"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type Part = keyof typeof names;

/** Every name that a field with a part of a credential may have. */
export const fieldNames: readonly string[] = Object.values(names).flat();

const kinds: readonly (readonly Part[])[] = [
  ["jwt", "seed"],
  ["creds"],
  ["nkeySeed"],
  ["user", "password"],
  ["token"],
];

/**
 * The credential among named fields, as a store has them: `jwt` and `seed` (or `client_jwt`,
 * `client_seed`), `creds`, `nkey_seed`, `user` and `password`, or `token`. Fields of other names are
 * passed over. Takes the secrets over: what is not in the result is wiped.
 *
 * @param where for messages: the reference
 * @throws KeyturnError `STORE_VALUE_INVALID`, `CREDENTIAL_HALF_PAIR`, `CREDENTIAL_NOT_TEXT`
 */
export function fieldsToMaterial(
  fields: ReadonlyMap<string, Secret>,
  where: string,
): Material {
  const kept = new Set<Secret>();
  try {
    const material = choose(fields, where);
    for (const part of Object.values(material))
      if (typeof part === "object") kept.add(part);
    return material;
  } finally {
    for (const secret of fields.values()) if (!kept.has(secret)) secret.wipe();
  }
}

function choose(fields: ReadonlyMap<string, Secret>, where: string): Material {
  const found = new Map<Part, { name: string; secret: Secret }>();
  for (const [part, spellings] of Object.entries(names)) {
    for (const name of spellings) {
      const secret = fields.get(name);
      if (secret === undefined) continue;
      const other = found.get(part as Part);
      if (other !== undefined)
        throw invalid(where, `it has both ${list([other.name, name])}`);
      found.set(part as Part, { name, secret });
    }
  }
  const nameOf = (part: Part): string => found.get(part)?.name ?? part;
  const present = kinds.filter((parts) =>
    parts.some((part) => found.has(part)),
  );
  const [kind] = present;
  if (kind === undefined) throw nothing(fields, where);
  if (present.length > 1)
    throw invalid(
      where,
      `it has credentials of several kinds: ${list([...found.values()].map(({ name }) => name))}`,
    );
  const get = (part: Part): Secret | undefined => found.get(part)?.secret;
  const need = (part: Part, beside: Part): Secret => {
    const secret = get(part);
    if (secret !== undefined) return secret;
    const style = nameOf(beside).startsWith("client_") ? "client_" : "";
    throw fail(
      "CREDENTIAL_HALF_PAIR",
      `What ${where} has is half a credential: \`${nameOf(beside)}\` without \`${style}${part}\`.`,
      { next: "Put both of them there." },
    );
  };
  switch (kind[0]) {
    case "creds":
      return { creds: need("creds", "creds") };
    case "nkeySeed":
      return { nkeySeed: need("nkeySeed", "nkeySeed") };
    case "token":
      return { token: need("token", "token") };
    case "user":
      return {
        user: textOf(need("user", "password"), where),
        password: need("password", "user"),
      };
    default:
      // A bearer JWT is whole by itself; of any other, its maker says that the seed is missing.
      return { jwt: need("jwt", "seed"), seed: get("seed") };
  }
}

function textOf(secret: Secret, where: string): string {
  try {
    return secret.revealText().replace(/[\r\n]+$/, "");
  } catch {
    throw fail(
      "CREDENTIAL_NOT_TEXT",
      `The user name from ${where} is not UTF-8 text.`,
    );
  }
}

function nothing(fields: ReadonlyMap<string, Secret>, where: string): Error {
  const given = [...fields.keys()];
  const what =
    given.length === 0
      ? "it has no fields"
      : "none of its fields is a part of one";
  for (const name of given) {
    const meant = nearest(name, fieldNames);
    if (meant !== undefined)
      return invalid(where, what, `Call the field \`${meant}\`.`);
  }
  return invalid(where, what);
}

function invalid(where: string, why: string, next?: string): Error {
  return fail(
    "STORE_VALUE_INVALID",
    `What ${where} has is no credential: ${why}.`,
    next === undefined ? undefined : { next },
  );
}

function list(given: readonly string[]): string {
  return given.map((name) => `\`${name}\``).join(", ");
}

/** Wipes the secrets among these. */
export function wipeAll(values: readonly unknown[]): void {
  for (const value of values)
    if (typeof value === "object" && value !== null && "wipe" in value)
      (value as Secret).wipe();
}
