import { randomUUID } from "node:crypto";

import type { HostKeys } from "./host-keys.js";
import { linkDefinition, type LinkOptions } from "./link.js";
import { secretMap, type SecretValues } from "./secrets.js";

/** What a host tells a provider at its start. */
export interface HostDataOptions {
  /** URL of the lattice's server: a `NatsServer` will do. */
  readonly lattice: { readonly url: string };
  /** Default `default`. */
  readonly latticeName?: string;
  /** Default `provider`. */
  readonly providerId?: string;
  /** The host's own credential for the lattice, which it passes on. Default: none. */
  readonly credential?: { readonly jwt: string; readonly seed: string };
  /** The provider's config. Default: empty. */
  readonly config?: Readonly<Record<string, string>>;
  /** The provider's secrets. Default: none. */
  readonly secrets?: SecretValues;
  /** Default: none. */
  readonly links?: readonly LinkOptions[];
  /** `error`, `warn`, `info`, `debug`, `trace` or `critical`. Default `info`. */
  readonly logLevel?: string;
  /** Default false. */
  readonly structuredLogging?: boolean;
  /** The host's RPC timeout, which also bounds its health requests. Default 2000. */
  readonly rpcTimeoutMs?: number;
  /** Fields of `otel_config` that differ from "all off". */
  readonly otel?: Readonly<Record<string, unknown>>;
  /** Fields that are written instead of those above; `undefined` leaves a field out. */
  readonly override?: Readonly<Record<string, unknown>>;
}

/**
 * HostData as a wasmCloud 1.9 host builds it: every field, in its order. A new `instance_id` each
 * time.
 */
export function buildHostData(
  options: HostDataOptions,
  keys: HostKeys,
): Record<string, unknown> {
  return {
    host_id: keys.hostId,
    lattice_rpc_prefix: options.latticeName ?? "default",
    link_name: "default",
    lattice_rpc_user_jwt: options.credential?.jwt ?? "",
    lattice_rpc_user_seed: options.credential?.seed ?? "",
    lattice_rpc_url: options.lattice.url,
    provider_key: options.providerId ?? "provider",
    env_values: {},
    instance_id: randomUUID(),
    link_definitions: (options.links ?? []).map((link) =>
      linkDefinition(link, keys),
    ),
    cluster_issuers: [],
    config: options.config ?? {},
    secrets: secretMap(options.secrets ?? {}),
    host_xkey_public_key: keys.host.getPublicKey(),
    provider_xkey_private_key: new TextDecoder().decode(
      keys.provider.getSeed(),
    ),
    default_rpc_timeout_ms: options.rpcTimeoutMs ?? 2000,
    structured_logging: options.structuredLogging ?? false,
    log_level: options.logLevel ?? "info",
    otel_config: {
      enable_observability: false,
      protocol: "Http",
      additional_ca_paths: [],
      trace_level: "info",
      ...options.otel,
    },
    ...options.override,
  };
}

/** HostData as it stands on standard input: base64 of the JSON, one line, CR LF. */
export function hostDataLine(hostData: unknown): string {
  return `${Buffer.from(JSON.stringify(hostData)).toString("base64")}\r\n`;
}
