// The licences of what a bundle holds: most of them ask to go along with it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readJson, root } from "../lib/workspace.mjs";

/**
 * The licences of the packages from npm among the inputs of a bundle, as a comment.
 *
 * @param {string[]} inputs Paths relative to the repository.
 */
export function licences(inputs) {
  const folders = new Set(
    inputs
      .map((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0])
      .filter((folder) => folder !== undefined),
  );
  /** Text of a licence: what it is the licence of. */
  const texts = new Map();
  for (const folder of [...folders].sort()) {
    const { name, version, license } = readJson(
      join(root, folder, "package.json"),
    );
    const file = readdirSync(join(root, folder)).find((entry) =>
      /^licen[cs]e/i.test(entry),
    );
    const text = file
      ? readFileSync(join(root, folder, file), "utf8").trim()
      : `Licence: ${license}`;
    texts.set(text, [...(texts.get(text) ?? []), `${name} ${version}`]);
  }
  const parts = [...texts].map(
    ([text, names]) => `${names.join(", ")}:\n\n${text}`,
  );
  const all = parts.join("\n\n---\n\n").replaceAll("*/", "* /");
  return `/*\nBesides Keyturn (Apache-2.0) this file holds:\n\n${all}\n*/\n`;
}
