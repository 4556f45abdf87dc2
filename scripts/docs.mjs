// `npm run docs`: writes the pages of docs/ that are made from the code, so that they cannot say
// anything else. `npm run check -- docs` tells when one is out of date.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "prettier";
import { main } from "./lib/step.mjs";
import { filesBelow, root, workspaceMembers } from "./lib/workspace.mjs";
import { setup } from "./setup.mjs";

/**
 * @returns {Promise<{ file: string, text: string }[]>} The generated pages.
 */
export async function generatedPages(base) {
  const pages = [
    { file: "docs/errors.md", text: errorsPage(await errorTables(base)) },
    {
      file: "docs/configuration.md",
      text: withBlock(
        readFileSync(join(base, "docs/configuration.md"), "utf8"),
        "config-keys",
        keysTable(await configKeys(base)),
      ),
    },
  ];
  return Promise.all(
    pages.map(async ({ file, text }) => ({
      file,
      text: await format(text, { parser: "markdown" }),
    })),
  );
}

/** A page with other text between its marks `<!-- made: name -->` and `<!-- made: end -->`. */
export function withBlock(page, name, text) {
  const marks = new RegExp(`(<!-- made: ${name} -->)[^]*?(<!-- made: end -->)`);
  if (!marks.test(page)) {
    throw new Error(`There are no marks for "${name}" in the page.`);
  }
  return page.replace(marks, (_all, from, to) => `${from}\n\n${text}\n\n${to}`);
}

/** The config keys of the messaging provider; none before it is built. */
export async function configKeys(base) {
  const path = join(base, "packages/messaging/dist/config/keys.js");
  if (!existsSync(path)) return {};
  return (await import(pathToFileURL(path).href)).configKeys;
}

/**
 * The config keys of the messaging provider as a table.
 *
 * @param {Record<string, { side: "handler" | "consumer" | "both" | "provider", sensitive: boolean, stock: boolean, defaultText: string, doc: string }>} keys
 */
export function keysTable(keys) {
  const links = {
    both: "all",
    handler: "handler",
    consumer: "consumer",
    provider: "none",
  };
  const rows = Object.entries(keys).map(
    ([key, { side, sensitive, stock, defaultText, doc }]) =>
      `| \`${key}\`${stock ? "" : " +"}${sensitive ? " 🔑" : ""} | ${links[side]} | ${cell(defaultText)} | ${cell(doc)} |`,
  );
  return [
    "| Key | Links | Default | Meaning |",
    "| --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

const cell = (text) => text.replaceAll("|", "\\|");

/**
 * The error table of each package: `errors/<package>-errors.js`, exported as `<package>Errors`.
 *
 * @returns {Promise<{ name: string, dir: string, table: Record<string, { meaning: string, next: string }> }[]>}
 */
export async function errorTables(base) {
  const tables = [];
  for (const { dir, path, manifest } of workspaceMembers(base)) {
    const short = dir.split("/")[1];
    const file = filesBelow(join(path, "src/errors")).find(
      (name) => name === `${short}-errors.ts`,
    );
    if (file === undefined || !dir.startsWith("packages/")) continue;
    const compiled = join(path, "dist/errors", file.replace(/ts$/, "js"));
    const module = await import(pathToFileURL(compiled).href);
    tables.push({ name: manifest.name, dir, table: module[`${short}Errors`] });
  }
  return tables;
}

export function errorsPage(tables) {
  const sections = tables.map(({ name, table }) => {
    const rows = Object.keys(table)
      .sort()
      .map(
        (code) =>
          `| \`${code}\` | ${cell(table[code].meaning)} | ${cell(table[code].next)} |`,
      );
    return `## ${name}\n\n| Code | Means | What to do next |\n| --- | --- | --- |\n${rows.join("\n")}\n`;
  });
  return `# Errors

<!-- Made by \`npm run docs\` from the error tables of the packages. Change those. -->

Every error has a stable \`code\`, a message that says what is wrong and where it came from, a last
sentence that says what to do next (also as \`next\`), and its \`cause\`. No error holds a secret.
\`isKeyturnError(value)\` of \`@keyturn/nats\` recognises all of them, also across two installed copies.

${sections.join("\n")}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await main(async () => {
    await setup();
    for (const { file, text } of await generatedPages(root)) {
      const path = join(root, file);
      if (readIfThere(path) === text) continue;
      writeFileSync(path, text);
      console.log(`Written: ${file}`);
    }
  });
}

export function readIfThere(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}
