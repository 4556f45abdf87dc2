// `npm test`: sets the checkout up and runs every compiled test. Works on a fresh clone.
//
//   npm test                                     everything
//   npm test -- packages/wrpc                    files whose path holds one of the words
//   npm test -- --test-name-pattern="half pair"  options go to `node --test`
import { spawn } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { main, StepFailed } from "./lib/step.mjs";
import { testFiles } from "./lib/test-files.mjs";
import { root } from "./lib/workspace.mjs";
import { setup } from "./setup.mjs";

/** A file that takes longer is stuck: it is ended and counts as failed. */
const FILE_TIMEOUT_MS = 120_000;

await main(async () => {
  const options = process.argv.slice(2).filter((arg) => arg.startsWith("-"));
  const words = process.argv.slice(2).filter((arg) => !arg.startsWith("-"));
  await setup();
  const files = testFiles(root).filter(
    (file) => words.length === 0 || words.some((word) => file.includes(word)),
  );
  if (files.length === 0) {
    throw new StepFailed(
      `No test file has ${words.map((word) => `"${word}"`).join(" or ")} in its path. Look at \`ls -d packages/*/src\` for what there is.`,
    );
  }
  process.exitCode = await nodeTest(files, options);
});

/** @returns {Promise<number>} The exit code of `node --test`. */
function nodeTest(files, options) {
  const leakGuard = join(root, "packages/testkit/dist/leaks/leak-guard.js");
  const reporter = join(root, "scripts/lib/reporter.mjs");
  const args = [
    "--enable-source-maps",
    // Every test file then fails if it leaves a process, a connection or a timer behind.
    "--import",
    pathToFileURL(leakGuard).href,
    "--test",
    "--test-concurrency=2",
    `--test-timeout=${FILE_TIMEOUT_MS}`,
    `--test-reporter=${pathToFileURL(reporter)}`,
    ...options,
    ...files,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}
