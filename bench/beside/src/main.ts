import { Arena } from "./arena/arena.js";
import { contenders } from "./contenders.js";
import { readOptions } from "./options.js";
import { rowsOf, terminalTable } from "./report/table.js";
import { runScenario, type Outcome } from "./run-scenario.js";
import { select } from "./scenarios/index.js";
import type { Stage } from "./scenarios/scenario.js";

const options = readOptions(process.argv.slice(2));
const stage: Stage = {
  effort: {
    isQuick: options.isQuick,
    soakSeconds:
      options.soakSeconds ?? (options.words.includes("soak") ? 600 : 120),
  },
  open: (contender, links) => Arena.open(contender, options.driver, links),
};
const outcomes: Outcome[] = [];
for (const scenario of select(options.words, options.isQuick)) {
  process.stderr.write(`${scenario.name}: ${scenario.what}\n`);
  outcomes.push(await runScenario(scenario, contenders(options), stage));
}
const rows = outcomes.flatMap(rowsOf);
process.stdout.write(
  options.asJson
    ? `${JSON.stringify(rows, undefined, 2)}\n`
    : `\n${terminalTable(rows)}\n`,
);
