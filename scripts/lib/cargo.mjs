// Programs of wasmCloud, built from public crates: what Keyturn is compared with.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { step, StepFailed } from "./step.mjs";
import { root } from "./workspace.mjs";

/**
 * Builds a crate of this repository, with its locked dependencies; again only if something has changed.
 *
 * @param {string} folder relative to the repository
 * @param {string} program name of the executable
 * @param {{ release?: boolean, env?: Record<string, string> }} [options] `release` for speed; debug, which is built
 * faster, else; `env` is added to the environment
 * @returns {Promise<string>} Absolute path of the executable.
 */
export async function cargoBuild(
  folder,
  program,
  { release = false, env } = {},
) {
  const output = join(root, ".cache/cargo");
  await cargo(
    folder,
    [
      "build",
      "--locked",
      ...(release ? ["--release"] : []),
      "--target-dir",
      output,
    ],
    join(root, folder),
    env,
  );
  return join(output, release ? "release" : "debug", program);
}

/**
 * wasmCloud's messaging provider, built for speed: the one that `KEYTURN_RUST_PROVIDER` names, or
 * `conformance/rust-provider`. The first build takes as long as several hundred crates take.
 *
 * @returns {Promise<string>} Absolute path of the executable.
 */
export async function rustProvider() {
  const named = process.env.KEYTURN_RUST_PROVIDER;
  if (named === undefined)
    return cargoBuild("conformance/rust-provider", "keyturn-rust-provider", {
      release: true,
    });
  if (!existsSync(named))
    throw new StepFailed(
      `KEYTURN_RUST_PROVIDER names ${named}, which is not there. Name a built one, or unset it to have one built.`,
    );
  return resolve(named);
}

/**
 * Installs a published program; not again if it is there.
 *
 * @param {string} crate
 * @param {string} version
 * @param {string} program name of the executable
 * @returns {Promise<string>} Absolute path of the executable.
 */
export async function cargoInstall(crate, version, program) {
  const folder = join(root, ".cache/cargo", `${crate}-${version}`);
  const path = join(folder, "bin", program);
  if (!existsSync(path))
    await cargo(
      `${crate} ${version}`,
      ["install", crate, "--version", version, "--debug", "--root", folder],
      root,
    );
  return path;
}

async function cargo(what, args, cwd, env) {
  const program = [
    ...(process.env.PATH ?? "").split(delimiter),
    join(homedir(), ".cargo/bin"),
  ]
    .map((path) => join(path, "cargo"))
    .find((path) => existsSync(path));
  if (program === undefined)
    throw new StepFailed(
      `${what} is built by cargo, and there is none. Install Rust: https://rustup.rs.`,
    );
  await step(`Building ${what} (cargo)`, program, args, {
    cwd,
    env: { ...process.env, ...env },
    say: (line) => console.error(line),
  });
}
