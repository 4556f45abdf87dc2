// docs/conformance.md, of what a run has found.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { findServerBinary } from "@keyturn/testkit";
import { withBlock } from "../../scripts/docs.mjs";
import { root } from "../../scripts/lib/workspace.mjs";
import { groups } from "./cases.mjs";

const file = "docs/conformance.md";

/** Writes the findings of a run against all providers into the page. */
export async function writeCases(runs) {
  return writeBlock("cases", [versions(runs), ...tables(runs)].join("\n\n"));
}

/** Writes a part of the page. @returns {Promise<string>} the page's path */
export async function writeBlock(name, markdown) {
  const path = join(root, file);
  const page = withBlock(readFileSync(path, "utf8"), name, markdown);
  writeFileSync(path, await format(page, { parser: "markdown" }));
  return file;
}

function versions(runs) {
  const lines = runs.map(
    ({ provider, results }) =>
      `- **${titles[provider.name]}**: ${provider.version}; ${results.filter(({ pass }) => pass).length} of ${results.length} cases as expected`,
  );
  return `${runOn()}\n\n${lines.join("\n")}`;
}

/** When and where something was run. */
export function runOn() {
  const day = new Date().toISOString().slice(0, 10);
  return `Run on ${day}, nats-server ${findServerBinary().version}:`;
}

const titles = {
  script: "Keyturn, script",
  executable: "Keyturn, single executable",
  rust: "Rust",
};

function tables(runs) {
  const found = (name, id) =>
    runs
      .find(({ provider }) => provider.name === name)
      .results.find((result) => result.id === id).finding;
  return groups.map(({ title, cases }) => {
    const rows = cases.map((one) => {
      const ours = found("script", one.id);
      const rust = found("rust", one.id);
      return `| ${one.id} | ${mark(one, ours === rust)} | ${cell(one.says + seeOf(one))} | ${cell(ours)} | ${ours === rust ? "the same" : cell(rust)} |`;
    });
    return [
      `### ${title}`,
      "",
      "| Row | | What is asked | Keyturn | Rust |",
      "| --- | --- | --- | --- | --- |",
      ...rows,
    ].join("\n");
  });
}

function mark({ id }, same) {
  if (same) return "=";
  return id.startsWith("A") ? "≠" : "✗";
}

const seeOf = ({ see }) =>
  see === undefined ? "" : ` ([\`${see}\`](configuration.md#keys))`;

const cell = (text) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
