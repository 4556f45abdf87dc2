// `npm run build:exe`: the messaging provider as single executables beside the script, with what they
// weigh and how fast they start.
//
//   npm run build:exe                  every target
//   npm run build:exe -- x86_64-linux  some
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { bundlePath } from "./exe/bundle.mjs";
import { targets } from "./exe/node-runtime.mjs";
import { singleExecutable } from "./exe/single-executable.mjs";
import { main, StepFailed } from "./lib/step.mjs";
import { root } from "./lib/workspace.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((target) => !(target in targets));
  if (unknown.length > 0)
    throw new StepFailed(
      `There is no target ${unknown.join(", ")}. There are: ${Object.keys(targets).join(", ")}.`,
    );
  const say = (line) => console.error(line);
  await setup();
  const made = [bundlePath];
  for (const target of wanted.length > 0 ? wanted : Object.keys(targets))
    made.push(await singleExecutable(target, say));
  for (const path of made) console.log(weight(path));
  const bench = join(root, "bench/start/dist/main.js");
  const { status } = spawnSync(process.execPath, [bench], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) throw new StepFailed("The start could not be measured.");
});

function weight(path) {
  const bytes = readFileSync(path);
  const [plain, packed] = [bytes, gzipSync(bytes)].map(
    ({ length }) => `${(length / 1e6).toFixed(length < 1e7 ? 2 : 1)} MB`,
  );
  return `${relative(root, path)}: ${plain}, ${packed} in gzip`;
}
