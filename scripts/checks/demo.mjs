// The demo, run as a newcomer runs it: its facts are right, and README.md shows what it prints.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { step } from "../lib/step.mjs";
import { findings } from "./committed.mjs";
import { complaints } from "./tools.mjs";

export const what = "the demo works, and README.md shows what it prints";

/** @returns {Promise<string[]>} */
export async function check(base) {
  const demo = (...args) =>
    step("npm run demo", process.execPath, ["scripts/demo.mjs", ...args], {
      cwd: base,
    });
  let printed;
  let json;
  const problems = await complaints(async () => {
    printed = await demo();
    json = await demo("--json");
  });
  if (problems.length > 0) return problems;
  const readme = readFileSync(join(base, "README.md"), "utf8");
  return [
    ...wrongFacts(JSON.parse(json)),
    ...findings("the demo's output", printed),
    ...findings("the demo's facts", json),
    ...differences(readme, printed),
  ];
}

/** What is not as it should be in the demo's facts. */
export function wrongFacts(facts) {
  const { secrets, rotation, plaintext, refused } = facts;
  const passed = ({ published, handled, receipts, requests, answers }) =>
    published > 0 &&
    handled === published &&
    receipts === published &&
    requests > 0 &&
    answers === requests;
  const timed = ({ latency: { p50Ms, p99Ms } }) => p50Ms > 0 && p99Ms >= p50Ms;
  const expected = {
    "with secrets, everything passes": passed(secrets),
    "with secrets, latency is measured": timed(secrets),
    "with secrets, nothing is warned of": secrets.warnings.length === 0,
    "while credentials change, everything passes once":
      rotation.changes === 3 &&
      rotation.published > 100 &&
      rotation.handled === rotation.published &&
      rotation.lost === 0 &&
      rotation.doubled === 0 &&
      rotation.requests > 10 &&
      rotation.answers === rotation.requests,
    "with plain config, everything passes": passed(plaintext),
    "with plain config, latency is measured": timed(plaintext),
    "with plain config, there is a warning with its code":
      plaintext.warnings.length > 0 &&
      plaintext.warnings.every((line) =>
        line.includes("MESSAGING_PLAINTEXT_CREDENTIAL"),
      ),
    "with require-secrets, the refusal is logged with its code":
      refused.errors.some((line) =>
        line.includes("MESSAGING_PLAINTEXT_REFUSED"),
      ),
    "with require-secrets, health says why":
      refused.healthy === false && refused.health.includes("require-secrets"),
    "with require-secrets, nothing is dialled": refused.dialled === 0,
    "with require-secrets, nothing is answered": refused.answered === 0,
    "it takes less than 20 seconds": facts.seconds < 20,
  };
  return Object.entries(expected)
    .filter(([, holds]) => !holds)
    .map(([what]) => `The demo's facts do not show that ${what}.`);
}

/** Whether the README shows the lines that the demo prints, whatever their numbers and keys. */
export function differences(readme, printed) {
  const block = /```console\n\$ npm run demo\n([^]*?)```/.exec(readme)?.[1];
  if (block === undefined) {
    return ['README.md has no block that begins with "$ npm run demo".'];
  }
  const shown = linesOf(block);
  const real = linesOf(printed);
  const at = real.findIndex((line, i) => line !== shown[i]);
  if (at === -1 && shown.length === real.length) return [];
  const line = at === -1 ? real.length : at;
  return [
    `README.md shows another demo than the real one, from line ${line + 1} of it on: "${shown[line] ?? "(nothing)"}" instead of "${real[line] ?? "(nothing)"}". Put the output of \`npm run demo\` there.`,
  ];
}

function linesOf(text) {
  return text
    .trim()
    .split("\n")
    .map((line) =>
      line
        .replace(/\b[OAUNXC][A-Z2-7]{55}\b/g, "KEY")
        .replace(/\d+([.,:]\d+)*/g, "N")
        .trimEnd(),
    );
}
