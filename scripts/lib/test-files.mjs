// Which test files there are. They are found by their source, so that a compiled leftover of a
// deleted test never runs.
import { join } from "node:path";
import { filesBelow, workspaceMembers } from "./workspace.mjs";

/** Compiled tests of all members of the workspace, and the tests of the scripts themselves. */
export function testFiles(base) {
  const scripts = filesBelow(join(base, "scripts"))
    .filter((file) => file.endsWith(".test.mjs"))
    .map((file) => `scripts/${file}`);
  return [...compiledTests(base, ".test.ts"), ...scripts];
}

/** Compiled tests of all members of the workspace whose source has a name that ends so. */
export function compiledTests(base, ending) {
  return workspaceMembers(base).flatMap(({ dir, path }) =>
    filesBelow(join(path, "src"))
      .filter((file) => file.endsWith(ending))
      .map((file) => `${dir}/dist/${file.replace(/\.ts$/, ".js")}`),
  );
}
