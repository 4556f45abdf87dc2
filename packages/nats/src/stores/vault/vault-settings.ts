import { badReference, secondsOf } from "../bad-reference.js";
import { httpAddress } from "../http-address.js";
import type { Reference } from "../reference.js";

/** Vault and OpenBao have no news of changes. */
const defaultPollMs = 30_000;

export const vaultParameters = [
  "address",
  "namespace",
  "ca-file",
  "login",
  "login-mount",
  "token-file",
  "role",
  "role-id",
  "secret-id-file",
  "jwt-file",
  "cert-file",
  "key-file",
  "engine",
  "field",
  "version",
  "poll",
] as const;

/** How a token is had. Paths are those of files, which are read at each login. */
export type VaultLogin =
  | { readonly method: "token"; readonly file: string | undefined }
  | {
      readonly method: "approle";
      readonly mount: string;
      readonly roleId: string;
      readonly secretIdFile: string | undefined;
    }
  | {
      readonly method: "kubernetes";
      readonly mount: string;
      readonly role: string;
      readonly jwtFile: string;
    }
  | {
      readonly method: "cert";
      readonly mount: string;
      readonly role: string | undefined;
    };

/** Where a server is, and how it is known. */
export interface VaultServer {
  readonly url: URL;
  readonly namespace: string | undefined;
  readonly caFile: string | undefined;
  /** Client certificate and its key. */
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

/** All that a reference `vault:` says. */
export interface VaultSettings {
  readonly place: string;
  readonly server: VaultServer;
  readonly login: VaultLogin;
  /** Below `/v1/`, encoded. */
  readonly path: string;
  /** Each read gives another credential, which has a lease. */
  readonly isDynamic: boolean;
  readonly field: string | undefined;
  readonly pollMs: number;
}

/** @throws KeyturnError `REFERENCE_INVALID` */
export function vaultSettings(reference: Reference): VaultSettings {
  const { authority: mount, path, parameters, text } = reference;
  const key = path.slice(1);
  if (mount === "" || key === "" || key.endsWith("/"))
    throw bad(
      "it does not name a mount and a path",
      "Write it as `vault://mount/path`.",
    );
  const engine = parameters.get("engine") ?? "kv";
  if (engine !== "kv" && engine !== "dynamic")
    throw bad(
      "its `engine` is unknown",
      "Write `engine=kv` for version 2 of the KV engine, `engine=dynamic` where each read issues a credential.",
    );
  const isDynamic = engine === "dynamic";
  const version = parameters.get("version");
  if (version !== undefined && (isDynamic || !/^[1-9]\d{0,8}$/.test(version)))
    throw bad(
      "its `version` is no number of a version in a KV engine",
      "Write `version=3`, or leave it out for the newest.",
    );
  const encoded = (part: string): string =>
    part.split("/").map(encodeURIComponent).join("/");
  return {
    place: text,
    server: serverOf(parameters),
    login: loginOf(parameters),
    path: isDynamic
      ? `${encoded(mount)}/${encoded(key)}`
      : `${encoded(mount)}/data/${encoded(key)}${version === undefined ? "" : `?version=${version}`}`,
    isDynamic,
    field: parameters.get("field"),
    pollMs:
      secondsOf(reference.scheme, "poll", parameters.get("poll")) ??
      defaultPollMs,
  };
}

function serverOf(parameters: Reference["parameters"]): VaultServer {
  const address =
    parameters.get("address") ??
    process.env["VAULT_ADDR"] ??
    process.env["BAO_ADDR"];
  if (address === undefined)
    throw bad(
      "it does not say where the server is",
      "Set `VAULT_ADDR` or `BAO_ADDR`, or write `address=https://vault.example:8200`.",
    );
  const [certFile, keyFile] = [
    parameters.get("cert-file"),
    parameters.get("key-file"),
  ];
  if ((certFile === undefined) !== (keyFile === undefined))
    throw bad(
      "of `cert-file` and `key-file` it has one only",
      "Give both, or neither.",
    );
  return {
    url: httpAddress("vault", address),
    namespace:
      parameters.get("namespace") ??
      process.env["VAULT_NAMESPACE"] ??
      process.env["BAO_NAMESPACE"],
    caFile:
      parameters.get("ca-file") ??
      process.env["VAULT_CACERT"] ??
      process.env["BAO_CACERT"],
    certFile,
    keyFile,
  };
}

/** Where the kubelet puts the token of a service account. */
const serviceAccountToken =
  "/var/run/secrets/kubernetes.io/serviceaccount/token";

/** The parameters that each login takes. */
const loginParameters: Readonly<Record<string, readonly string[]>> = {
  token: ["token-file"],
  approle: ["login-mount", "role-id", "secret-id-file"],
  kubernetes: ["login-mount", "role", "jwt-file"],
  cert: ["login-mount", "role"],
};

function loginOf(parameters: Reference["parameters"]): VaultLogin {
  const method = parameters.get("login") ?? "token";
  const taken = loginParameters[method];
  if (taken === undefined)
    throw bad(
      "its `login` is unknown",
      "Write `login=token`, `login=approle`, `login=kubernetes` or `login=cert`.",
    );
  for (const name of new Set(Object.values(loginParameters).flat()))
    if (parameters.has(name) && !taken.includes(name))
      throw bad(
        `\`${name}\` has no part in \`login=${method}\``,
        `Leave it out, or choose another login; this one takes ${taken.map((known) => `\`${known}\``).join(", ")}.`,
      );
  const need = (name: string): string => {
    const value = parameters.get(name);
    if (value !== undefined && value !== "") return value;
    throw bad(
      `for \`login=${method}\` it lacks \`${name}\``,
      `Write \`${name}=…\`.`,
    );
  };
  const mount = parameters.get("login-mount") ?? method;
  switch (method) {
    case "approle":
      return {
        method,
        mount,
        roleId: need("role-id"),
        secretIdFile: parameters.get("secret-id-file"),
      };
    case "kubernetes":
      return {
        method,
        mount,
        role: need("role"),
        jwtFile: parameters.get("jwt-file") ?? serviceAccountToken,
      };
    case "cert":
      need("cert-file");
      return { method, mount, role: parameters.get("role") };
    default:
      return { method: "token", file: parameters.get("token-file") };
  }
}

function bad(why: string, next: string): Error {
  return badReference("vault", why, next);
}
