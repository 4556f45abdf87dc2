// `npm run bench`: sets the checkout up, then runs the benchmarks, or those that are named:
//
//   npm run bench                        all of them
//   npm run bench -- provider            bench/provider
//   npm run bench -- provider --json     its figures as JSON; options come last
//   npm run torture -- --rotations 100   bench/rotation
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { main, StepFailed } from "./lib/step.mjs";
import { root } from "./lib/workspace.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  const args = process.argv.slice(2);
  const first = args.findIndex((arg) => arg.startsWith("-"));
  const names = first === -1 ? args : args.slice(0, first);
  const options = first === -1 ? [] : args.slice(first);
  const all = readdirSync(join(root, "bench")).filter((name) =>
    existsSync(join(root, "bench", name, "package.json")),
  );
  for (const name of names) {
    if (!all.includes(name))
      throw new StepFailed(
        `There is no benchmark "${name}". There are: ${all.join(", ")}.`,
      );
  }
  await setup();
  for (const name of names.length === 0 ? all : names) {
    const file = join(root, "bench", name, "dist/main.js");
    const { status } = spawnSync(
      process.execPath,
      ["--expose-gc", file, ...options],
      { cwd: root, stdio: ["ignore", "inherit", "inherit"] },
    );
    if (status !== 0) throw new StepFailed(`bench/${name} failed.`);
  }
});
