import { resolve } from "node:path";

import { mistakenFor } from "../../credentials/mistaken.js";
import { trimmed } from "../../credentials/text.js";
import { fail } from "../../errors/nats-errors.js";
import {
  asSecret,
  decodeBase64,
  Fields,
  JsonError,
  onlyFields,
  parseJson,
  type JsonObject,
} from "../../json/index.js";
import { Secret } from "../../secret/secret.js";
import { expandPath } from "../home.js";
import { secretsIn } from "../value.js";

/** Where a field of a credential comes from. */
export type ContextValue =
  | { readonly kind: "value"; readonly secret: Secret }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "nsc"; readonly reference: string };

/** What a context has of a credential, by the names of `fieldsToMaterial`. */
export type ContextFields = Map<string, ContextValue>;

/**
 * Fields of a context file, as `nats context edit` shows them, what they are called here, and whether
 * what has no scheme is a value, a file, or either: `nats context add --jwt PATH` leaves the path there.
 */
const fieldsOfContext = [
  ["user", "user", "value"],
  ["password", "password", "value"],
  ["token", "token", "value"],
  ["user_jwt", "jwt", "either"],
  ["user_seed", "seed", "either"],
  ["creds", "creds", "file"],
  ["nkey", "nkey_seed", "file"],
] as const;

const handling = onlyFields(
  Object.fromEntries(
    [...fieldsOfContext.map(([name]) => name), "nsc"].map((name) => [
      name,
      asSecret,
    ]),
  ),
);

/**
 * Reads a context file of the `nats` command, and wipes it. Values may be references of that command:
 * `file://`, `env://`, `nsc://`, `data:` with base64; those of password managers are refused.
 *
 * @throws KeyturnError `STORE_VALUE_INVALID`, `STORE_ABSENT`
 */
export function readContext(content: Secret, where: string): ContextFields {
  const found: ContextFields = new Map();
  let secrets: ReadonlyMap<string, Secret> = new Map();
  try {
    const value = content.use((bytes) => parseJson(bytes, handling));
    const fields = new Fields(value);
    secrets = secretsIn(value as JsonObject);
    for (const [name, field, bare] of fieldsOfContext) {
      const secret = fields.secret(name);
      if (secret === undefined || secret.byteLength === 0) continue;
      found.set(field, valueOf(secret, { name, bare, where }));
    }
    const nsc = fields.secret("nsc");
    if (nsc !== undefined && nsc.byteLength > 0 && !found.has("creds"))
      found.set("creds", { kind: "nsc", reference: nsc.revealText() });
    // The command sends an empty password then.
    if (found.has("user") && !found.has("password"))
      found.set("password", { kind: "value", secret: Secret.fromText("") });
    return found;
  } catch (error) {
    wipeFields(found);
    for (const secret of secrets.values()) secret.wipe();
    if (!(error instanceof JsonError)) throw error;
    throw fail(
      "STORE_VALUE_INVALID",
      `The context ${where} cannot be read: ${error.message}.`,
      { next: "Look at it with `nats context validate`.", cause: error },
    );
  } finally {
    content.wipe();
  }
}

export function wipeFields(fields: ContextFields): void {
  for (const value of fields.values())
    if (value.kind === "value") value.secret.wipe();
}

interface Place {
  readonly name: string;
  readonly bare: "value" | "file" | "either";
  readonly where: string;
}

function valueOf(secret: Secret, place: Place): ContextValue {
  const scheme = schemeOf(secret);
  const isValue =
    place.bare === "value" || (place.bare === "either" && !isPath(secret));
  if (scheme === undefined && isValue) return { kind: "value", secret };
  if (scheme === undefined) refuseValue(secret, place);
  try {
    switch (scheme) {
      case undefined:
        return { kind: "file", path: pathOf(secret.revealText()) };
      case "file":
        return { kind: "file", path: pathOf(rest(secret, "file://")) };
      case "nsc":
        return { kind: "nsc", reference: secret.revealText() };
      case "env":
        return {
          kind: "value",
          secret: variable(rest(secret, "env://"), place),
        };
      case "data":
        return { kind: "value", secret: decoded(secret, place) };
      default:
        throw fail(
          "STORE_VALUE_INVALID",
          `The context ${place.where} has \`${place.name}\` in a password manager, which is not asked from here.`,
          {
            next: 'Ask its own program: `exec:/usr/bin/op?args=["read","op://…"]`.',
          },
        );
    }
  } finally {
    secret.wipe();
  }
}

/** The path would be told if there is no such file. */
function refuseValue(secret: Secret, { name, where }: Place): void {
  const value = secret.use((bytes) =>
    mistakenFor(trimmed(bytes), "a public key"),
  );
  if (value === undefined) return;
  secret.wipe();
  throw fail(
    "STORE_VALUE_INVALID",
    `The context ${where} has ${value} itself as \`${name}\`, where a file is to be named.`,
    { next: "Name the file, or write it as `data:;base64,…`." },
  );
}

/** No JWT and no seed begins like this. */
function isPath(secret: Secret): boolean {
  return secret.use((bytes) =>
    "/~$.".includes(String.fromCharCode(bytes[0] ?? 0)),
  );
}

const schemes = ["file", "nsc", "env", "data", "op"];

function schemeOf(secret: Secret): string | undefined {
  return secret.use((bytes) => {
    const head = Buffer.from(bytes.subarray(0, 8)).toString("latin1");
    return schemes.find((scheme) =>
      head.toLowerCase().startsWith(`${scheme}:`),
    );
  });
}

function rest(secret: Secret, prefix: string): string {
  return secret.revealText().slice(prefix.length);
}

function pathOf(text: string): string {
  return resolve(expandPath(text));
}

function variable(name: string, { where }: Place): Secret {
  const text = process.env[name] ?? "";
  if (text !== "") return Secret.fromText(text);
  throw fail(
    "STORE_ABSENT",
    `The context ${where} refers to a variable that is not set${/^\w{1,64}$/.test(name) ? `: \`${name}\`` : ""}.`,
    { next: "Set it before this process starts." },
  );
}

/** `data:;base64,…` (RFC 2397). */
function decoded(secret: Secret, { name, where }: Place): Secret {
  return secret.use((bytes) => {
    const comma = bytes.indexOf(0x2c);
    const head = Buffer.from(bytes.subarray(0, comma)).toString("latin1");
    if (comma < 0 || !/;\s*base64\s*(;|$)/.test(head))
      throw fail(
        "STORE_VALUE_INVALID",
        `The context ${where} has \`${name}\` as \`data:\` without \`;base64,\`.`,
        { next: "Write it as `data:;base64,…`." },
      );
    const content = decodeBase64(bytes.subarray(comma + 1));
    if (content !== undefined) return Secret.fromBytes(content);
    throw fail(
      "STORE_VALUE_INVALID",
      `The context ${where} has \`${name}\` as \`data:\` that is no base64.`,
      { next: "Write it as `data:;base64,…`, with padding." },
    );
  });
}
