// Programs of wasmCloud, built from public crates: what Keyturn is compared with.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { step, StepFailed } from "./step.mjs";
import { root } from "./workspace.mjs";

/**
 * Builds a crate of this repository, with its locked dependencies; again only if something has changed.
 *
 * @param {string} folder relative to the repository
 * @param {string} program name of the executable
 * @returns {Promise<string>} Absolute path of the executable.
 */
export async function cargoBuild(folder, program) {
  const cargo = [
    ...(process.env.PATH ?? "").split(delimiter),
    join(homedir(), ".cargo/bin"),
  ]
    .map((path) => join(path, "cargo"))
    .find((path) => existsSync(path));
  if (cargo === undefined)
    throw new StepFailed(
      `${folder} is built by cargo, and there is none. Install Rust: https://rustup.rs.`,
    );
  const output = join(root, ".cache/cargo");
  await step(
    `Building ${folder} (cargo)`,
    cargo,
    ["build", "--locked", "--target-dir", output],
    { cwd: join(root, folder), say: (line) => console.error(line) },
  );
  return join(output, "debug", program);
}
