// Node.js and the bundle in one executable file: https://nodejs.org/api/single-executable-applications.html
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { step, StepFailed } from "../lib/step.mjs";
import { root } from "../lib/workspace.mjs";
import { bundlePath } from "./bundle.mjs";
import { nodeFor, nodeVersion, targets } from "./node-runtime.mjs";

/** What Node.js looks for in its own file, and changes its behaviour by. */
const fuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

/** Absolute path of the executable for a target. */
export const executablePath = (target) =>
  join(root, "dist/exe", `keyturn-messaging-${target}`);

/** Makes the executable for a target, on Linux of any target. Same bundle, same bytes. */
export async function singleExecutable(target, say) {
  const own = Object.keys(targets).find(
    (name) =>
      targets[name].platform === process.platform &&
      targets[name].arch === process.arch,
  );
  if (own === undefined)
    throw new StepFailed(
      `Single executables are made on Linux (x64, arm64), for which npm has the Node.js that prepares them; this is ${process.platform} ${process.arch}. The script form needs none: ${bundlePath}`,
    );
  const node = await nodeFor(target, say);
  const preparing = await nodeFor(own, say);
  mkdirSync(join(root, "dist/exe"), { recursive: true });
  const folder = mkdtempSync(join(root, "dist/exe/.making-"));
  // Names without a folder: they stay in the executable.
  const [main, blob, program] = ["keyturn-messaging.cjs", "blob", "program"];
  try {
    copyFileSync(bundlePath, join(folder, main));
    writeFileSync(
      join(folder, "sea.json"),
      JSON.stringify({
        main,
        output: blob,
        disableExperimentalSEAWarning: true,
        // It asks to go along.
        assets: { "LICENSE of Node.js": node.licence },
        // It would save a tenth of the start, and make each build another file.
        useCodeCache: false,
      }),
    );
    await step(
      "Preparing the program",
      preparing.program,
      ["--experimental-sea-config", "sea.json"],
      { cwd: folder },
    );
    copyFileSync(node.program, join(folder, program));
    chmodSync(join(folder, program), 0o755);
    const postject = join(root, "node_modules/postject/dist/cli.js");
    await step(
      `Putting it into Node.js ${nodeVersion} for ${target}`,
      process.execPath,
      [postject, program, "NODE_SEA_BLOB", blob, "--sentinel-fuse", fuse],
      { cwd: folder, say },
    );
    renameSync(join(folder, program), executablePath(target));
  } finally {
    rmSync(folder, { recursive: true });
  }
  return executablePath(target);
}
