import { runDemo } from "./demo.js";
import { screen, silent } from "./screen.js";

const asJson = process.argv.includes("--json");
const colour = process.stdout.isTTY && process.env["NO_COLOR"] === undefined;
const started = performance.now();
const shown = asJson
  ? silent
  : screen((text) => process.stdout.write(text), colour);
try {
  const facts = await runDemo(shown);
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  if (asJson) {
    process.stdout.write(
      `${JSON.stringify({ ...facts, seconds }, undefined, 2)}\n`,
    );
  } else {
    shown.step("What to look at next");
    shown.line(
      "README.md",
      "the same in your wasmCloud 1.x: manifest, config, differences",
    );
    shown.line("docs/", "architecture, errors, security");
    shown.line("npm test", "everything above and more, proved");
    shown.good(`done in ${seconds} s`);
  }
} catch (error) {
  process.stderr.write(
    `\nThe demo failed. ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
}
