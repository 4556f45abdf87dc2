// What sources import is declared, what is declared is used, and the build order knows it.
import { existsSync } from "node:fs";
import { isBuiltin } from "node:module";
import { basename, join } from "node:path";
import { importsOfMember, packageOf } from "../lib/imports.mjs";
import { readJson, workspaceMembers } from "../lib/workspace.mjs";

export const what = "imports are declared in package.json and tsconfig";

/** @returns {string[]} A line for each import or declaration that is not as it should be. */
export function check(base) {
  const root = readJson(join(base, "package.json"));
  const members = workspaceMembers(base);
  const dirs = new Map(
    members.map(({ dir, manifest }) => [manifest.name, dir]),
  );
  return members.flatMap((member) => {
    const uses = importsOfMember(member);
    return [
      ...uses.flatMap((use) => undeclared(member.manifest, root, use)),
      ...unused(member, uses),
      ...unreferenced(member, dirs, uses),
      ...mixed(member),
    ];
  });
}

function undeclared(manifest, root, { file, isTest, specifier }) {
  if (isBuiltin(specifier) && !specifier.startsWith("node:")) {
    return [`${file} imports "${specifier}". Write "node:${specifier}".`];
  }
  const name = packageOf(specifier);
  if (name === undefined || name === manifest.name) return [];
  const declared = {
    ...manifest.dependencies,
    ...manifest.peerDependencies,
    ...(isTest && { ...manifest.devDependencies, ...root.devDependencies }),
  };
  if (name in declared) return [];
  const list = isTest ? "devDependencies" : "dependencies";
  return [
    `${file} imports "${specifier}", which is not in the ${list} of ${manifest.name}. Run: npm install -w ${manifest.name} ${isTest ? "-D " : ""}${name}`,
  ];
}

function unused({ dir, manifest }, uses) {
  const inSources = new Set(
    uses.filter((use) => !use.isTest).map((use) => packageOf(use.specifier)),
  );
  const anywhere = new Set(uses.map((use) => packageOf(use.specifier)));
  const unusedOf = (list, used) =>
    Object.keys(manifest[list] ?? {})
      .filter((name) => !used.has(name))
      .map(
        (name) =>
          `${dir}/package.json has ${name} in ${list}, and nothing there uses it. Run: npm uninstall -w ${manifest.name} ${name}`,
      );
  return [
    ...unusedOf("dependencies", inSources),
    ...unusedOf("devDependencies", anywhere),
  ];
}

/** A project that tsc does not know of may be compiled too late, which only a fresh clone shows. */
function unreferenced({ dir, path, manifest }, dirs, uses) {
  return ["src", "test"].flatMap((kind) => {
    const file = join(path, `tsconfig.${kind}.json`);
    if (!existsSync(file)) return [];
    const references = new Set(
      (readJson(file).references ?? []).map((entry) =>
        basename(join(path, entry.path, "..")),
      ),
    );
    const needed = new Set(
      uses
        .filter((use) => use.isTest === (kind === "test"))
        .map((use) => packageOf(use.specifier))
        .filter((name) => name !== manifest.name && dirs.has(name))
        .map((name) => basename(dirs.get(name))),
    );
    return [...needed]
      .filter((name) => !references.has(name))
      .map(
        (name) =>
          `${dir}/tsconfig.${kind}.json has no reference to ${name}, which is imported there. Add { "path": "../${name}/tsconfig.src.json" }.`,
      );
  });
}

/** What belongs to tests, for the compiler as for this check: tests and what they share. */
const testFiles = "src/**/*.test*.ts";

/** A file of tests among the sources is compiled without what tests may import. */
function mixed({ dir, path }) {
  return [
    ["src", "exclude"],
    ["test", "include"],
  ].flatMap(([kind, key]) => {
    const file = join(path, `tsconfig.${kind}.json`);
    if (!existsSync(file) || readJson(file)[key]?.join() === testFiles)
      return [];
    return `${dir}/tsconfig.${kind}.json has other files of tests than the rest. Write "${key}": ["${testFiles}"].`;
  });
}
