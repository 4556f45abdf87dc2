// Which test files there are. They are found by their source, so that a compiled leftover of a
// deleted test never runs.
import { join } from "node:path";
import { filesBelow, workspaceMembers } from "./workspace.mjs";

/** Compiled tests of all members of the workspace, and the tests of the scripts themselves. */
export function testFiles(base) {
  const compiled = workspaceMembers(base).flatMap(({ dir, path }) =>
    filesBelow(join(path, "src"))
      .filter((file) => file.endsWith(".test.ts"))
      .map((file) => `${dir}/dist/${file.replace(/\.ts$/, ".js")}`),
  );
  const scripts = filesBelow(join(base, "scripts"))
    .filter((file) => file.endsWith(".test.mjs"))
    .map((file) => `scripts/${file}`);
  return [...compiled, ...scripts];
}
