import type { StoreLoader } from "./store-definition.js";

/** The stores that are here from the start, by scheme. Each is loaded when it is used. */
export const builtIn: readonly (readonly [string, StoreLoader])[] = [
  ["file", async () => (await import("./file/file-store.js")).fileStore],
  ["aws-sm", async () => (await import("./aws-sm/aws-sm-store.js")).awsSmStore],
  [
    "nats-kv",
    async () => (await import("./nats-kv/nats-kv-store.js")).natsKvStore,
  ],
  ["vault", async () => (await import("./vault/vault-store.js")).vaultStore],
  [
    "wasmcloud",
    async () => (await import("./wasmcloud/wasmcloud-store.js")).wasmcloudStore,
  ],
  ["env", async () => (await import("./env/env-store.js")).envStore],
  [
    "systemd",
    async () => (await import("./systemd/systemd-store.js")).systemdStore,
  ],
  ["exec", async () => (await import("./exec/exec-store.js")).execStore],
  [
    "context",
    async () => (await import("./context/context-store.js")).contextStore,
  ],
  ["nsc", async () => (await import("./nsc/nsc-store.js")).nscStore],
];
