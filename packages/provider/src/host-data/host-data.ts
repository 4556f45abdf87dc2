import type { Secret } from "@keyturn/nats";
import {
  asSecret,
  asValue,
  Fields,
  JsonError,
  listOf,
  onlyFields,
  parseJson,
  type Handling,
  type JsonValue,
} from "@keyturn/nats/json";

import { fail } from "../errors/provider-errors.js";
import { linkHandling } from "../links/link-definition.js";
import { isSubjectPart } from "../links/subject-part.js";
import { configMap, secretMap } from "../settings/handling.js";
import { readSecretMap } from "../settings/secret-map.js";
import { readSettings, type Settings } from "../settings/settings.js";

/** How the host wants the provider to log. */
export interface LogSettings {
  /** `critical` of the host is `error` here; absent or unknown is `info`. */
  readonly level: "error" | "warn" | "info" | "debug" | "trace";
  /** Whether each line is to be a JSON object. */
  readonly structured: boolean;
}

/** What a wasmCloud 1.x host tells a provider at its start. */
export interface HostData {
  readonly hostId: string;
  readonly providerId: string;
  readonly lattice: string;
  readonly latticeUrl: string;
  /** Absent = anonymous. */
  readonly latticeCredential:
    { readonly jwt: Secret; readonly seed: Secret } | undefined;
  readonly settings: Settings;
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Not checked yet, so that one broken link does not keep the others from being made. */
  readonly linkDefinitions: readonly JsonValue[];
  /** Curve seed of this provider; absent on hosts before wasmCloud 1.1. */
  readonly xkeySeed: Secret | undefined;
  /** Public curve key of the host; "" if it gave none. */
  readonly hostXkey: string;
  /** Milliseconds; the host's default is 2,000. */
  readonly rpcTimeoutMs: number;
  readonly log: LogSettings;
}

/**
 * Reads HostData JSON. The bytes are not wiped.
 *
 * @throws KeyturnError `PROVIDER_HOST_DATA_INVALID`, `PROVIDER_LATTICE_CREDENTIAL_HALF`
 */
export function readHostData(
  json: Uint8Array,
  sensitiveConfigKeys: readonly string[],
): HostData {
  try {
    const value = parseJson(json, hostDataHandling(sensitiveConfigKeys));
    return readFields(new Fields(value));
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw fail(
      "PROVIDER_HOST_DATA_INVALID",
      `HostData is malformed: ${error.message}.`,
    );
  }
}

function hostDataHandling(sensitiveConfigKeys: readonly string[]): Handling {
  return onlyFields({
    host_id: asValue,
    lattice_rpc_prefix: asValue,
    lattice_rpc_user_jwt: asSecret,
    lattice_rpc_user_seed: asSecret,
    lattice_rpc_url: asValue,
    provider_key: asValue,
    link_definitions: listOf(linkHandling(sensitiveConfigKeys)),
    config: configMap(sensitiveConfigKeys),
    secrets: secretMap,
    host_xkey_public_key: asValue,
    provider_xkey_private_key: asSecret,
    default_rpc_timeout_ms: asValue,
    structured_logging: asValue,
    log_level: asValue,
  });
}

function readFields(fields: Fields): HostData {
  return {
    hostId: fields.text("host_id", ""),
    providerId: subjectPart(fields, "provider_key"),
    lattice: subjectPart(fields, "lattice_rpc_prefix"),
    latticeUrl:
      fields.text("lattice_rpc_url", "").trim() || "nats://127.0.0.1:4222",
    latticeCredential: readLatticeCredential(fields),
    settings: readSettings(fields.object("config")),
    secrets: readSecretMap(fields.object("secrets")),
    linkDefinitions: fields.list("link_definitions"),
    xkeySeed: filled(fields.secret("provider_xkey_private_key")),
    hostXkey: fields.text("host_xkey_public_key", "").trim(),
    rpcTimeoutMs: fields.count("default_rpc_timeout_ms", 0) || 2_000,
    log: {
      level: logLevel(fields.text("log_level", "info")),
      structured: fields.boolean("structured_logging", false),
    },
  };
}

function subjectPart(fields: Fields, name: string): string {
  const text = fields.text(name, "").trim();
  if (text === "") throw fields.problem(name, "is missing or empty");
  if (isSubjectPart(text)) return text;
  throw fields.problem(
    name,
    "cannot be part of a NATS subject: blanks, wildcards, or empty tokens",
  );
}

function readLatticeCredential(fields: Fields): HostData["latticeCredential"] {
  const jwt = filled(fields.secret("lattice_rpc_user_jwt"));
  const seed = filled(fields.secret("lattice_rpc_user_seed"));
  if (jwt !== undefined && seed !== undefined) return { jwt, seed };
  if (jwt === undefined && seed === undefined) return undefined;
  const [there, missing] =
    jwt === undefined ? ["seed", "jwt"] : ["jwt", "seed"];
  throw fail(
    "PROVIDER_LATTICE_CREDENTIAL_HALF",
    `HostData has \`lattice_rpc_user_${there}\` but no \`lattice_rpc_user_${missing}\`.`,
  );
}

/** The host writes "" for what it does not have. */
function filled(secret: Secret | undefined): Secret | undefined {
  const blank = secret?.use((bytes) => bytes.every((byte) => byte <= 0x20));
  return blank === false ? secret : undefined;
}

function logLevel(text: string): LogSettings["level"] {
  const level = text.trim().toLowerCase();
  switch (level) {
    case "critical":
      return "error";
    case "error":
    case "warn":
    case "debug":
    case "trace":
      return level;
    default:
      return "info";
  }
}
