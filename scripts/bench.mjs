// `npm run bench`: sets the checkout up, then runs all benchmarks, or the one that is named:
//
//   npm run bench                             all of them
//   npm run bench -- provider --json          bench/provider; what follows the name is for it
//   npm run bench -- beside delivery --quick  bench/beside, see its README
//   npm run torture -- --rotations 100        bench/rotation
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { besideTools } from "./lib/beside.mjs";
import { main, StepFailed } from "./lib/step.mjs";
import { root } from "./lib/workspace.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  const args = process.argv.slice(2);
  const named = args[0] !== undefined && !args[0].startsWith("-");
  const options = named ? args.slice(1) : args;
  const all = readdirSync(join(root, "bench")).filter((name) =>
    existsSync(join(root, "bench", name, "package.json")),
  );
  if (named && !all.includes(args[0]))
    throw new StepFailed(
      `There is no benchmark "${args[0]}". There are: ${all.join(", ")}.`,
    );
  await setup();
  for (const name of named ? [args[0]] : all) {
    const file = join(root, "bench", name, "dist/main.js");
    const tools = name === "beside" ? await besideTools(options) : [];
    const { status } = spawnSync(
      process.execPath,
      ["--expose-gc", file, ...options, ...tools],
      { cwd: root, stdio: ["ignore", "inherit", "inherit"] },
    );
    if (status !== 0) throw new StepFailed(`bench/${name} failed.`);
  }
});
