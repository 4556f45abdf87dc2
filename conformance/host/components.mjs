// The components of the suite, built from their source by tools that npm has.
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
} from "node:fs";
import { join } from "node:path";
import { step } from "../../scripts/lib/step.mjs";
import { root } from "../../scripts/lib/workspace.mjs";

const from = join(root, "conformance/host/components");
const cache = join(root, ".cache/components");
const say = (line) => console.error(line);

/**
 * Builds them all, if not there.
 *
 * @returns {Promise<(name: string) => string>} Gives the path of a component by its name.
 */
export async function buildComponents() {
  const tools = join(cache, "tools");
  mkdirSync(tools, { recursive: true });
  const wanted = readFileSync(join(from, "package.json"));
  const manifest = join(tools, "package.json");
  if (
    !existsSync(join(tools, "node_modules/.bin/jco")) ||
    !readFileSync(manifest).equals(wanted)
  ) {
    cpSync(join(from, "package.json"), manifest);
    // Not from a lock file: jco names packages of other platforms that were never published.
    const args = ["install", "--no-package-lock", "--no-audit", "--no-fund"];
    await step("Installing tools for components (npm)", "npm", args, {
      cwd: tools,
      say,
    });
  }
  cpSync(join(from, "wit"), join(tools, "wit"), { recursive: true });
  cpSync(join(from, "src"), join(tools, "src"), { recursive: true });
  const paths = new Map();
  for (const file of readdirSync(join(from, "src"))) {
    const name = file.slice(0, -".js".length);
    const digest = createHash("sha256")
      .update(readFileSync(join(from, "src", file)))
      .update(wanted)
      .digest("hex")
      .slice(0, 16);
    const path = join(cache, `${name}-${digest}.wasm`);
    paths.set(name, path);
    if (existsSync(path)) continue;
    await step(
      `Building the component ${name}`,
      join(tools, "node_modules/.bin/jco"),
      [
        "componentize",
        join("src", file),
        ["--wit", "wit", "-n", "component", "--cwd", ".", "-o", path],
        // Small and quick to build; without any of WASI, which nothing here uses.
        ["--backend", "quickjs"],
        ["--backend-qjs-disable-async", "--backend-qjs-stub-wasi"],
      ].flat(),
      { cwd: tools, say },
    );
  }
  return (name) => {
    const path = paths.get(name);
    if (path === undefined) throw new Error(`There is no component ${name}.`);
    return path;
  };
}
