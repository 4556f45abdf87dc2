// `npm run conformance -- cases`: what our provider and wasmCloud's own do, case by case.
//
//   cases                         ours as script, as single executable (if built), and the Rust one
//   cases --provider PATH         one executable; whose results it must have: --as ours (default) or rust
//   cases --only TEXT             cases whose row or sentence has the text
//   cases --json                  the results as JSON
//   cases --write-docs            docs/conformance.md
import { parseArgs } from "node:util";
import { main, StepFailed } from "../../scripts/lib/step.mjs";
import { allCases } from "./cases.mjs";
import { writeCases } from "./page.mjs";
import { executable, named, rust, script } from "./providers.mjs";
import { runCases } from "./run-cases.mjs";

await main(async () => {
  const { values } = parseArgs({
    options: {
      provider: { type: "string" },
      as: { type: "string", default: "ours" },
      only: { type: "string", default: "" },
      json: { type: "boolean", default: false },
      "write-docs": { type: "boolean", default: false },
    },
  });
  const { only } = values;
  if (values["write-docs"] && (only !== "" || values.provider !== undefined))
    throw new StepFailed(
      "The page tells all cases of all providers. Leave out --only and --provider.",
    );
  const cases = allCases.filter(
    ({ id, says }) => id.includes(only) || says.includes(only),
  );
  const providers =
    values.provider === undefined
      ? [script(), executable(), await rust()].filter(Boolean)
      : [named(values.provider, values.as)];

  const say = values.json ? () => {} : console.log;
  const runs = [];
  for (const provider of providers) {
    say(`\n${provider.name}: ${provider.version}`);
    const tell = ({ id, pass, finding, expected, ms, error }) => {
      say(`${pass ? "✔" : "✖"} ${id} (${ms} ms): ${finding}`);
      if (!pass) say(`  expected: ${expected}${error ? `\n  ${error}` : ""}`);
    };
    runs.push({ provider, results: await runCases(cases, provider, { tell }) });
  }
  const failed = runs.flatMap(({ provider, results }) =>
    results
      .filter(({ pass }) => !pass)
      .map(({ id }) => `${provider.name}: ${id}`),
  );
  if (values.json) console.log(JSON.stringify(runs, undefined, 1));
  for (const { provider, results } of runs)
    say(
      `${provider.name}: ${results.filter(({ pass }) => pass).length} of ${results.length} as expected`,
    );
  if (failed.length > 0)
    throw new StepFailed(`Not as expected: ${failed.join("; ")}.`);
  if (values["write-docs"]) say(`Written: ${await writeCases(runs)}`);
});
