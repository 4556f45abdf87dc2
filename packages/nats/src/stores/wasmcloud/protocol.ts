import { isUtf8 } from "node:buffer";

import {
  asSecret,
  asValue,
  Fields,
  jsonByteArray,
  jsonString,
  onlyFields,
  parseJson,
  type Handling,
} from "../../json/index.js";
import type { Secret } from "../../secret/secret.js";

/**
 * The wasmCloud secrets protocol, `v1alpha1`: what a wasmCloud 1.x host and a secrets backend say to
 * each other over NATS (crates `secrets-types` 0.8 and `secrets-client` 0.9). Both ends' readers and
 * writers; the seal around them is `CurveKey`.
 */
const version = "v1alpha1";

/** On a `get` request: public curve key of the requester, another for each request. */
export const requestKeyHeader = "WasmCloud-Host-Xkey";
/** On the reply that has a secret: public curve key with which it was sealed. */
export const responseKeyHeader = "Server-Response-Xkey";

/** Where a backend named `backend` listens, under the subject prefix `topic`. */
export function backendSubject(
  topic: string,
  backend: string,
  operation: string,
): string {
  return `${topic}.${version}.${backend}.${operation}`;
}

/** What a host asks for. */
export interface SecretRequest {
  /** Key, path or id in the backend's own terms. */
  readonly key: string;
  /** Part of a structured secret. */
  readonly field?: string | undefined;
  /** In the backend's own terms; the newest if absent. */
  readonly version?: string | undefined;
  /** Claims token of the component or provider that is to have the secret. */
  readonly entityJwt: string;
  /** Claims token of the host. */
  readonly hostJwt: string;
  readonly application?: {
    readonly name?: string | undefined;
    /** The policy of the reference, as JSON in a text. */
    readonly policy: string;
  };
}

/** The request before it is sealed. */
export function writeRequest(request: SecretRequest): Uint8Array {
  const { key, field, version: wanted, application } = request;
  return Buffer.from(
    JSON.stringify({
      key,
      field: field ?? null,
      version: wanted ?? null,
      context: {
        entity_jwt: request.entityJwt,
        host_jwt: request.hostJwt,
        application: {
          name: application?.name ?? null,
          policy: application?.policy ?? "{}",
        },
      },
    }),
  );
}

/** Reads an opened request. @throws JsonError */
export function readRequest(opened: Uint8Array): SecretRequest {
  const fields = new Fields(parseJson(opened, requestHandling));
  const context = fields.object("context");
  const application = context.object("application");
  return {
    key: needed(fields, "key"),
    field: fields.textOrAbsent("field"),
    version: fields.textOrAbsent("version"),
    entityJwt: needed(context, "entity_jwt"),
    hostJwt: needed(context, "host_jwt"),
    application: {
      name: application.textOrAbsent("name"),
      policy: application.text("policy", "{}"),
    },
  };
}

const requestHandling = onlyFields({
  key: asValue,
  field: asValue,
  version: asValue,
  context: onlyFields({
    entity_jwt: asValue,
    host_jwt: asValue,
    application: onlyFields({ name: asValue, policy: asValue }),
  }),
});

function needed(fields: Fields, name: string): string {
  const text = fields.textOrAbsent(name);
  if (text === undefined) throw fields.problem(name, "is missing");
  return text;
}

/** A secret as a backend gives it. */
export interface SecretAnswer {
  readonly value: Secret;
  /** In the backend's own terms. */
  readonly version: string;
  /** Whether it goes as bytes even if it is UTF-8. Default false. */
  readonly binary?: boolean;
}

/**
 * The answer before it is sealed; the caller wipes it. A value that is UTF-8 goes as a string, unless it
 * is called binary; any other as bytes.
 */
export function writeAnswer({
  value,
  version: of,
  binary = false,
}: SecretAnswer): Uint8Array {
  return value.use((bytes) => {
    const isText = !binary && isUtf8(bytes);
    const written = isText ? jsonString(bytes) : jsonByteArray(bytes);
    const nothing = Buffer.from("null");
    const answer = Buffer.concat([
      Buffer.from(
        `{"secret":{"version":${JSON.stringify(of)},"string_secret":`,
      ),
      isText ? written : nothing,
      Buffer.from(',"binary_secret":'),
      isText ? nothing : written,
      Buffer.from("}}"),
    ]);
    written.fill(0);
    return answer;
  });
}

/**
 * Reads an opened answer; undefined if it has no secret in it. The caller wipes `opened`.
 *
 * @throws JsonError
 */
export function readAnswer(opened: Uint8Array): SecretAnswer | undefined {
  const secret = new Fields(parseJson(opened, answerHandling)).object("secret");
  const text = secret.secret("string_secret");
  const binary = secret.secret("binary_secret", "an array of bytes");
  const value = text ?? binary;
  if (value === undefined) return undefined;
  if (text !== undefined) binary?.wipe();
  return { value, version: secret.text("version", "") };
}

const answerHandling: Handling = onlyFields({
  secret: onlyFields({
    version: asValue,
    string_secret: asSecret,
    binary_secret: asSecret,
  }),
});

const plainFaults = [
  "SecretNotFound",
  "InvalidXKey",
  "EncryptionError",
  "DecryptionError",
  "Unauthorized",
  "InvalidRequest",
  "InvalidPayload",
  "InvalidHeaders",
] as const;
const toldFaults = [
  "InvalidEntityJWT",
  "InvalidHostJWT",
  "UpstreamError",
  "PolicyError",
  "Other",
] as const;

/** Why there is no secret. */
export type SecretFault =
  | { readonly name: (typeof plainFaults)[number] }
  | { readonly name: (typeof toldFaults)[number]; readonly text: string };

/** A refusal; it goes unsealed, without a header. */
export function writeFault(fault: SecretFault): Uint8Array {
  const error = "text" in fault ? { [fault.name]: fault.text } : fault.name;
  return Buffer.from(JSON.stringify({ error }));
}

/** Reads a reply that has no header; undefined if it gives no reason. @throws JsonError */
export function readFault(reply: Uint8Array): SecretFault | undefined {
  const whole = new Fields(parseJson(reply, onlyFields({ error: asValue })));
  if (!whole.names().includes("error")) return undefined;
  const [name, text] = nameAndText(whole);
  const plain = plainFaults.find((known) => known === name);
  if (plain !== undefined) return { name: plain };
  const told = toldFaults.find((known) => known === name);
  // What another version of the protocol may add is told as it is.
  if (told === undefined) return { name: "Other", text: text ?? name };
  return { name: told, text: text ?? "" };
}

function nameAndText(whole: Fields): [name: string, text?: string] {
  try {
    return [whole.text("error", "")];
  } catch {
    const told = whole.object("error");
    const [name = ""] = told.names();
    return [name, told.text(name, "")];
  }
}
