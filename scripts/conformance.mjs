// `npm run conformance`: Keyturn beside wasmCloud's own programs. Needs cargo, and minutes at first.
//
//   npm run conformance          everything
//   npm run conformance -- par   conformance/par.test.mjs; and so each *.test.mjs there
//   npm run conformance -- cases …    conformance/cases: ours and the Rust provider, case by case
//   npm run conformance -- losses …   messages lost by both while they are killed, stopped, rotated
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { main, StepFailed } from "./lib/step.mjs";
import { root } from "./lib/workspace.mjs";
import { setup } from "./setup.mjs";

/** What has arguments of its own. */
const programs = {
  cases: "conformance/cases/main.mjs",
  losses: "conformance/cases/losses.mjs",
};

await main(async () => {
  const suites = readdirSync(join(root, "conformance"))
    .filter((name) => name.endsWith(".test.mjs"))
    .map((name) => name.slice(0, -".test.mjs".length));
  const wanted = process.argv.slice(2);
  const [program, ...args] = wanted;
  if (program in programs) {
    await setup();
    process.exitCode = run([join(root, programs[program]), ...args]);
    return;
  }
  const unknown = wanted.filter((name) => !suites.includes(name));
  if (unknown.length > 0)
    throw new StepFailed(
      `There is no suite ${unknown.join(", ")}. There are: ${[...suites, ...Object.keys(programs)].join(", ")}.`,
    );
  await setup();
  const files = (wanted.length > 0 ? wanted : suites).map((name) =>
    join(root, "conformance", `${name}.test.mjs`),
  );
  process.exitCode = run(["--test", "--test-reporter=spec", ...files]);
  if (wanted.length > 0) return;
  for (const path of Object.values(programs))
    process.exitCode ||= run([join(root, path)]);
});

function run(args) {
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  return status ?? 1;
}
