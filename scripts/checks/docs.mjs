// Generated pages say what the code says, and every error code that is listed is raised somewhere.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  configKeys,
  errorTables,
  generatedPages,
  readIfThere,
} from "../docs.mjs";
import { filesBelow } from "../lib/workspace.mjs";

export const what =
  "generated pages are up to date, error codes are in use, config keys that pages name exist";

/** Where config keys are named. */
const pagesWithKeys = ["README.md", "docs/configuration.md"];
/** Names of the same form that are something else. */
const noKeys = [
  "source_config",
  "target_config",
  "health_check_failed",
  "health_check_passed",
];

/** @returns {Promise<string[]>} */
export async function check(base) {
  const pages = await generatedPages(base);
  const tables = await errorTables(base);
  const keys = await configKeys(base);
  return [
    ...pages
      .filter(({ file, text }) => readIfThere(join(base, file)) !== text)
      .map(({ file }) => `${file} is out of date. Run: npm run docs`),
    ...tables.flatMap(({ dir, table }) =>
      unraised(Object.keys(table), sources(join(base, dir, "src"))).map(
        (code) =>
          `${dir}: nothing raises ${code}. Remove it from the error table.`,
      ),
    ),
    ...twice(tables),
    ...pagesWithKeys.flatMap((file) =>
      unknownKeys(readIfThere(join(base, file)) ?? "", keys).map(
        (key) =>
          `${file} names the config key \`${key}\`, which does not exist.`,
      ),
    ),
  ];
}

/** What looks like a config key in a page (`some_key`, `some_key=value`, `some_key:` of a manifest) and is none. */
export function unknownKeys(page, keys) {
  const named = [
    ...page.matchAll(/`([a-z]+(?:_[a-z]+)+)(?:=[^`]*)?`/g),
    ...page.matchAll(/^ +(?:- name: )?([a-z]+(?:_[a-z]+)+)(?::.*)?$/gm),
  ].map(([, name]) => name);
  return [...new Set(named)].filter(
    (name) => !(name in keys) && !noKeys.includes(name),
  );
}

function sources(folder) {
  return filesBelow(folder)
    .filter((file) => !/\.test\.ts$|-errors\.ts$/.test(file))
    .map((file) => readFileSync(join(folder, file), "utf8"));
}

/** The codes that no source names. */
export function unraised(codes, texts) {
  return codes.filter(
    (code) => !texts.some((text) => text.includes(`"${code}"`)),
  );
}

/** A code means one thing, whichever package raises it. */
export function twice(tables) {
  const owners = new Map();
  const problems = [];
  for (const { name, table } of tables) {
    for (const code of Object.keys(table)) {
      if (owners.has(code)) {
        problems.push(
          `${code} is in the tables of ${owners.get(code)} and ${name}. Give one of them another name.`,
        );
      }
      owners.set(code, name);
    }
  }
  return problems;
}
