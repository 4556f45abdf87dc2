// `npm run check`: every check that is not a test.
//
//   npm run check                all of them
//   npm run check -- arrows lint some
//   KEYTURN_TEST_SUMMARY=<file>  also appends the sum to that file as one line of JSON
import { appendFileSync } from "node:fs";
import * as arrows from "./checks/arrows.mjs";
import * as committed from "./checks/committed.mjs";
import * as dependencies from "./checks/dependencies.mjs";
import * as docs from "./checks/docs.mjs";
import * as demo from "./checks/demo.mjs";
import * as packages from "./checks/packages.mjs";
import * as pages from "./checks/pages.mjs";
import { format, lint } from "./checks/tools.mjs";
import { main, seconds, StepFailed } from "./lib/step.mjs";
import { root } from "./lib/workspace.mjs";
import { setup } from "./setup.mjs";

/**
 * Each check has `what` it makes sure of, and `check(base)`, which gives a line for each thing that
 * is not so.
 *
 * @type {Record<string, { what: string, check: (base: string) => string[] | Promise<string[]> }>}
 */
const checks = {
  format,
  lint,
  arrows,
  dependencies,
  committed,
  docs,
  pages,
  packages,
  demo,
};

await main(async () => {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !(name in checks));
  if (unknown.length > 0) {
    throw new StepFailed(
      `There is no check named ${unknown.join(", ")}. There are: ${Object.keys(checks).join(", ")}.`,
    );
  }
  await setup();
  const names = wanted.length > 0 ? wanted : Object.keys(checks);
  const sum = { passed: 0, failed: 0 };
  for (const name of names) {
    const started = performance.now();
    const problems = await checks[name].check(root);
    const ok = problems.length === 0;
    sum[ok ? "passed" : "failed"] += 1;
    console.log(
      `${ok ? "✔" : "✖"} ${name}: ${checks[name].what}  (${seconds(started)})`,
    );
    for (const problem of problems) console.log(`    ${problem}`);
  }
  if (process.env.KEYTURN_TEST_SUMMARY) {
    appendFileSync(
      process.env.KEYTURN_TEST_SUMMARY,
      `${JSON.stringify(sum)}\n`,
    );
  }
  process.exitCode = sum.failed > 0 ? 1 : 0;
});
