// The executables that the cases run against.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { providerScript, version } from "@keyturn/messaging";
import { rustProvider } from "../../scripts/lib/cargo.mjs";
import { StepFailed } from "../../scripts/lib/step.mjs";
import { root } from "../../scripts/lib/workspace.mjs";

/**
 * @typedef {object} Provider
 * @property {string} name
 * @property {"ours" | "rust"} as whose results are expected
 * @property {string[]} command
 * @property {string} version
 */

/** @returns {Provider} */
export function script() {
  return {
    name: "script",
    as: "ours",
    command: [process.execPath, fileURLToPath(providerScript)],
    version: `${version}, Node.js ${process.versions.node}`,
  };
}

/** @returns {Provider | undefined} The single executable, if `npm run build:exe` has been run. */
export function executable() {
  const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
  const path = join(root, `dist/exe/keyturn-messaging-${arch}-linux`);
  if (process.platform !== "linux" || !existsSync(path)) return undefined;
  const built = execFileSync(path, ["--version"], { encoding: "utf8" }).trim();
  return {
    name: "executable",
    as: "ours",
    command: [path],
    version: `${built}, single executable`,
  };
}

/** @returns {Promise<Provider>} */
export async function rust() {
  const lock = readFileSync(
    join(root, "conformance/rust-provider/Cargo.lock"),
    "utf8",
  );
  const crate = (name) =>
    new RegExp(`name = "${name}"\\nversion = "([^"]+)"`).exec(lock)?.[1];
  return {
    name: "rust",
    as: "rust",
    command: [await rustProvider()],
    version: ["wasmcloud-provider-messaging-nats", "async-nats"]
      .map((name) => `${name} ${crate(name)}`)
      .join(", "),
  };
}

/** @returns {Provider} One that is named on the command line. */
export function named(path, as) {
  if (!existsSync(path))
    throw new StepFailed(`There is no ${path}. Name a built provider.`);
  if (as !== "ours" && as !== "rust")
    throw new StepFailed(
      `--as says whose results are expected, ours or rust: ${as} is neither.`,
    );
  return { name: path, as, command: [resolve(path)], version: "as named" };
}
