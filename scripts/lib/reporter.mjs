// Reporter for `node --test`: a line for each file, failures in full, and the sum at the end.
//
// KEYTURN_TEST_SUMMARY=<file> also appends the sum to that file as one line of JSON.
import { appendFileSync } from "node:fs";
import { relative } from "node:path";
import { inspect } from "node:util";

/** What a failing file printed is shown up to this length, from its end. */
const MAX_OUTPUT_CHARS = 16_000;

const colour = process.stdout.isTTY && process.env.NO_COLOR === undefined;
const paint = (code, text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);

export default async function* report(events) {
  const started = performance.now();
  const sum = { passed: 0, failed: 0, skipped: 0, files: 0 };
  /** What is known of each file before its turn in the report comes. */
  const files = new Map();
  const about = (path) => {
    const file = sourceOf(path);
    let entry = files.get(file);
    if (entry === undefined) {
      entry = {
        file,
        passed: 0,
        skipped: 0,
        failures: [],
        output: "",
        names: [],
      };
      files.set(file, entry);
    }
    return entry;
  };
  let current;

  for await (const { type, data } of events) {
    if (type === "test:enqueue" && data.name === data.file) {
      about(data.file);
    } else if (type === "test:complete" && data.name === data.file) {
      about(data.file).ms = data.details.duration_ms;
    } else if (
      type === "test:diagnostic" &&
      /^(Error|Warning):/.test(data.message)
    ) {
      // What went wrong outside any test belongs to the file whose turn it is.
      if (current) current.output += `${data.message}\n`;
    } else if (type === "test:stdout" || type === "test:stderr") {
      const entry = about(data.file);
      entry.output = (entry.output + data.message).slice(-MAX_OUTPUT_CHARS);
    } else if (
      type === "test:start" ||
      type === "test:pass" ||
      type === "test:fail"
    ) {
      // Results come file by file. A test that a shared helper defines names the helper: it
      // belongs to the file whose turn it is.
      if (
        files.has(sourceOf(data.file)) &&
        current?.file !== sourceOf(data.file)
      ) {
        if (current) yield fileLines(current);
        current = about(data.file);
      }
      current ??= about(data.file);
      current.names.length = data.nesting;
      current.names[data.nesting] = data.name;
      if (type !== "test:start")
        count(data, type === "test:pass", current, sum);
    }
  }
  if (current) yield fileLines(current);
  for (const entry of files.values()) {
    if (!entry.told) yield fileLines(entry);
    sum.files += 1;
  }

  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const failed = paint(sum.failed > 0 ? 31 : 32, `${sum.failed} failed`);
  yield `\n${sum.passed} passed, ${failed}, ${sum.skipped} skipped in ${sum.files} files, ${seconds} s\n`;
  if (process.env.KEYTURN_TEST_SUMMARY) {
    appendFileSync(
      process.env.KEYTURN_TEST_SUMMARY,
      `${JSON.stringify(sum)}\n`,
    );
  }
}

/** Tests are told by their source, which source maps name, and files by their compiled one. */
const sourceOf = (file = "") =>
  file.replace(/[/\\]dist[/\\](.*)\.js$/, "/src/$1.ts");

function count(data, passed, entry, sum) {
  if (data.skip !== undefined || data.todo !== undefined) {
    entry.skipped += 1;
    sum.skipped += 1;
  } else if (passed) {
    if (data.details.type === "suite") return;
    entry.passed += 1;
    sum.passed += 1;
  } else {
    const error = data.details.error;
    // A parent fails with its children; only what failed by itself is a failure of its own.
    if (error?.failureType === "subtestsFailed") return;
    if (data.name === data.file && entry.failures.length > 0) return;
    const names = entry.names.filter((name) => name !== data.file);
    entry.failures.push({
      name: data.name === data.file ? "the file itself" : names.join(" › "),
      where: `${relative(process.cwd(), data.file ?? "")}:${data.line ?? 1}`,
      error,
    });
    sum.failed += 1;
  }
}

function fileLines(entry) {
  entry.told = true;
  const name = relative(process.cwd(), entry.file)
    .replace("/src/", " ")
    .replace(/\.(ts|mjs)$/, "");
  const ok = entry.failures.length === 0;
  const mark = ok ? paint(32, "✔") : paint(31, "✖");
  const parts = [`${entry.passed} passed`];
  if (!ok) parts.push(paint(31, `${entry.failures.length} failed`));
  if (entry.skipped > 0) parts.push(`${entry.skipped} skipped`);
  if (entry.ms !== undefined) parts.push(`${(entry.ms / 1000).toFixed(1)} s`);
  let lines = `${mark} ${name}  ${paint(90, parts.join(", "))}\n`;
  for (const failure of entry.failures) {
    lines += `\n  ${paint(31, `✖ ${failure.name}`)}  ${failure.where}\n`;
    lines += indent(explain(failure.error));
  }
  if (!ok && entry.output !== "") {
    lines += `\n  It printed:\n${indent(entry.output)}\n`;
  }
  return lines;
}

/** The error a test threw, without the frames of the runner. */
function explain(error) {
  const cause = error?.cause ?? error;
  let text = typeof cause === "string" ? cause : inspect(cause);
  if (error?.signal) text += ` (ended by ${error.signal})`;
  else if (error?.exitCode) text += ` (exit code ${error.exitCode})`;
  return text
    .split("\n")
    .filter((line) => !/^\s+at .*\(?node:(internal|async_hooks)/.test(line))
    .join("\n");
}

const indent = (text) =>
  `${text
    .trimEnd()
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n")}\n`;
