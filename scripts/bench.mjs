// `npm run bench`: sets the checkout up, then runs bench/beside, or the benchmark that is named. What
// follows is for that one:
//
//   npm run bench                              the provider beside the one in Rust, in 15 minutes
//   npm run bench -- --quick                   the same in two
//   npm run bench -- beside delivery --quick   some of it, see bench/beside/README.md
//   npm run bench -- provider --json           bench/provider
//   npm run torture -- --rotations 100         bench/rotation
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { besideTools } from "./lib/beside.mjs";
import { main, StepFailed } from "./lib/step.mjs";
import { root } from "./lib/workspace.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  const args = process.argv.slice(2);
  const isNamed = args[0] !== undefined && !args[0].startsWith("-");
  const [name, ...options] = isNamed ? args : ["beside", ...args];
  const all = readdirSync(join(root, "bench")).filter((entry) =>
    existsSync(join(root, "bench", entry, "package.json")),
  );
  if (!all.includes(name))
    throw new StepFailed(
      `There is no benchmark "${name}". There are: ${all.join(", ")}.`,
    );
  await setup();
  const file = join(root, "bench", name, "dist/main.js");
  const tools = name === "beside" ? await besideTools(options) : [];
  const { status } = spawnSync(
    process.execPath,
    ["--expose-gc", file, ...options, ...tools],
    { cwd: root, stdio: ["ignore", "inherit", "inherit"] },
  );
  if (status !== 0) throw new StepFailed(`bench/${name} failed.`);
});
