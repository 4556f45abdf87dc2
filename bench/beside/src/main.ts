import { Arena } from "./arena/arena.js";
import { contendersOf } from "./contenders.js";
import { readOptions, type Options } from "./options.js";
import { describeMachine } from "./report/machine.js";
import { rowsOf, verdict } from "./report/rows.js";
import { terminalText } from "./report/table.js";
import { writeDocs } from "./report/write-docs.js";
import { runScenario, type Outcome } from "./run-scenario.js";
import { select } from "./scenarios/index.js";
import type { Scenario, Stage } from "./scenarios/scenario.js";

const [options, chosen] = whatIsWanted();
const stage: Stage = {
  effort: {
    isQuick: options.isQuick,
    soakSeconds:
      options.soakSeconds ?? (options.words.includes("soak") ? 600 : 210),
  },
  driver: options.driver,
  open: (contender, links) => Arena.open(contender, options.driver, links),
};
const everybody = new Map(
  chosen
    .flatMap((scenario) => contendersOf(scenario, options))
    .map((contender) => [contender.name, contender]),
);
const machine = describeMachine([...everybody.values()], options.command);
const outcomes: Outcome[] = [];
for (const scenario of chosen) {
  process.stderr.write(`${scenario.name}: ${scenario.what} … `);
  const began = performance.now();
  outcomes.push(
    await runScenario(scenario, contendersOf(scenario, options), stage),
  );
  const seconds = (performance.now() - began) / 1000;
  process.stderr.write(`${seconds.toFixed(0)} s\n`);
}
const hasTargets = options.against === undefined;
const rows = outcomes.flatMap((outcome) => rowsOf(outcome, hasTargets));
process.stdout.write(
  options.asJson
    ? `${JSON.stringify({ machine: Object.fromEntries(machine), rows }, undefined, 2)}\n`
    : `\n${terminalText(rows)}\n`,
);
if (options.against !== undefined && !options.asJson)
  process.stdout.write(`\n${verdict(rows)}\n`);
if (options.writesDocs) await writeDocs(rows, machine);

/** Whoever has mistyped gets a line, no stack. */
function whatIsWanted(): [Options, readonly Scenario[]] {
  try {
    if (process.platform !== "linux")
      throw new Error(
        "This benchmark reads /proc, which only Linux has. Run it there.",
      );
    const wanted = readOptions(process.argv.slice(2));
    return [wanted, select(wanted.words, wanted.isQuick)];
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(1);
  }
}
