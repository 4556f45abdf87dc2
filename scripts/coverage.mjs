// Coverage of a finished test run, and its floor. The run has to have had NODE_V8_COVERAGE set:
//
//   NODE_V8_COVERAGE=/tmp/coverage npm test && node scripts/coverage.mjs /tmp/coverage
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { main, StepFailed } from "./lib/step.mjs";
import { filesBelow, root, workspaceMembers } from "./lib/workspace.mjs";

/** Percent of the lines of the packages' sources; files that no test loads count with nothing covered. */
const FLOOR_LINES = 90;

await main(() => {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) {
    throw new StepFailed("Name the folder that NODE_V8_COVERAGE named.");
  }
  const { status } = spawnSync(
    join(root, "node_modules/.bin/c8"),
    [
      "report",
      `--temp-directory=${folder}`,
      "--all",
      "--src=packages",
      "--include=packages/*/src/**/*.ts",
      "--exclude=**/*.test.*",
      ...filesOfTypesOnly().map((file) => `--exclude=${file}`),
      "--exclude-after-remap",
      "--merge-async",
      "--reporter=text",
      "--check-coverage",
      `--lines=${FLOOR_LINES}`,
    ],
    { cwd: root, stdio: "inherit" },
  );
  process.exitCode = status ?? 1;
});

/** Sources of which nothing is left to run: they are never loaded, and there is nothing to cover. */
function filesOfTypesOnly() {
  return workspaceMembers().flatMap(({ dir, path }) =>
    filesBelow(join(path, "src"))
      .filter((file) => file.endsWith(".ts") && !/\.test\./.test(file))
      .filter((file) => {
        const compiled = join(path, "dist", file.replace(/ts$/, "js"));
        const code = readFileSync(compiled, "utf8").replace(/^\/\/#.*$/gm, "");
        return code.trim() === "export {};";
      })
      .map((file) => `${dir}/src/${file}`),
  );
}
