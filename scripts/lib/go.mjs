// Programs in Go of this repository.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { step, StepFailed } from "./step.mjs";
import { root } from "./workspace.mjs";

/**
 * Builds a Go program of this repository, with its locked dependencies; again only if something has
 * changed.
 *
 * @param {string} folder relative to the repository
 * @param {string} program name of the executable
 * @returns {Promise<string>} Absolute path of the executable.
 */
export async function goBuild(folder, program) {
  const go = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/go/bin"]
    .map((path) => join(path, "go"))
    .find((path) => existsSync(path));
  if (go === undefined)
    throw new StepFailed(
      `${folder} is built by go, and there is none. Install Go: https://go.dev/dl.`,
    );
  const output = join(root, ".cache/go", program);
  await step(`Building ${folder} (go)`, go, ["build", "-o", output, "."], {
    cwd: join(root, folder),
    say: (line) => console.error(line),
  });
  return output;
}
