// `npm run conformance`: Keyturn beside wasmCloud's own programs. Needs cargo, and minutes at first.
//
//   npm run conformance          everything
//   npm run conformance -- par   conformance/par.test.mjs
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { main, StepFailed } from "./lib/step.mjs";
import { root } from "./lib/workspace.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  const suites = readdirSync(join(root, "conformance"))
    .filter((name) => name.endsWith(".test.mjs"))
    .map((name) => name.slice(0, -".test.mjs".length));
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !suites.includes(name));
  if (unknown.length > 0)
    throw new StepFailed(
      `There is no suite ${unknown.join(", ")}. There are: ${suites.join(", ")}.`,
    );
  await setup();
  const files = (wanted.length > 0 ? wanted : suites).map((name) =>
    join(root, "conformance", `${name}.test.mjs`),
  );
  const { status } = spawnSync(
    process.execPath,
    ["--test", "--test-reporter=spec", ...files],
    { cwd: root, stdio: ["ignore", "inherit", "inherit"] },
  );
  process.exitCode = status ?? 1;
});
