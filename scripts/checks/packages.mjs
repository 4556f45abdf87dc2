// The packages as a user gets them: packed, looked at by publint and are-the-types-wrong, installed
// into an empty folder, imported, run, and compiled against.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { step } from "../lib/step.mjs";
import { workspaceMembers } from "../lib/workspace.mjs";
import { complaints } from "./tools.mjs";

export const what = "packages work from their tarballs";

/** @returns {Promise<string[]>} */
export async function check(base) {
  const members = workspaceMembers(base).filter(
    ({ manifest }) => !manifest.private,
  );
  const folder = mkdtempSync(join(tmpdir(), "keyturn-packages-"));
  try {
    const tarballs = await pack(base, members, folder);
    const installed = join(folder, "installed");
    return [
      ...tarballs.flatMap(unwanted),
      ...(await judged(base, tarballs)),
      ...(await complaints(() => install(tarballs, installed))),
      ...(await imported(members, installed)),
      ...(await run(members, installed)),
      ...(await compiled(base, members, installed)),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @returns {Promise<{ name: string, path: string, files: string[] }[]>} */
async function pack(base, members, folder) {
  const args = members.map(({ manifest }) => `--workspace=${manifest.name}`);
  const json = await step(
    "npm pack",
    "npm",
    [
      "pack",
      "--json",
      "--ignore-scripts",
      `--pack-destination=${folder}`,
    ].concat(args),
    { cwd: base },
  );
  // npm 11 gives an object by name, earlier ones a list.
  return Object.values(JSON.parse(json)).map(({ name, filename, files }) => ({
    name,
    path: join(folder, filename),
    files: files.map((file) => file.path),
  }));
}

/** Files that a user has no use for, and files they should have. */
export function unwanted({ name, files }) {
  const extra = files.filter(
    (file) =>
      !/^(package\.json|README\.md|LICENSE)$/.test(file) &&
      (!file.startsWith("dist/") || /\.test\.|\.tsbuildinfo$/.test(file)),
  );
  const needed = ["README.md", "LICENSE", "dist/index.js"];
  // Provider archives are made of it.
  if (name === "@keyturn/messaging")
    needed.push("dist/bundle/keyturn-messaging.cjs");
  const missing = needed.filter((file) => !files.includes(file));
  return [
    ...extra.map((file) => `The tarball of ${name} holds ${file}.`),
    ...missing.map((file) => `The tarball of ${name} lacks ${file}.`),
  ];
}

async function judged(base, tarballs) {
  const bin = join(base, "node_modules/.bin");
  const problems = [];
  for (const { path } of tarballs) {
    problems.push(
      ...(await complaints(() =>
        step("publint", join(bin, "publint"), ["run", path, "--strict"]),
      )),
      ...(await complaints(() =>
        step("attw", join(bin, "attw"), [path, "--profile=esm-only"]),
      )),
    );
  }
  return problems;
}

async function install(tarballs, folder) {
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "private": true }');
  await step(
    "npm install of the tarballs",
    "npm",
    [
      "install",
      "--no-audit",
      "--no-fund",
      "--prefer-offline",
      "--loglevel=error",
    ].concat(tarballs.map(({ path }) => path)),
    { cwd: folder },
  );
}

/** The specifiers that a package offers to importers. */
export function specifiersOf({ name, exports }) {
  return Object.keys(exports)
    .filter((key) => key !== "./package.json")
    .map((key) => name + key.slice(1));
}

async function imported(members, folder) {
  const problems = [];
  for (const specifier of members.flatMap((m) => specifiersOf(m.manifest))) {
    // A module below the main one may be there for what it does when it is imported.
    const main = members.some((m) => m.manifest.name === specifier);
    const code = `
      const names = Object.keys(await import(${JSON.stringify(specifier)}));
      if (${main} && names.length === 0) throw new Error("It exports nothing.");`;
    problems.push(
      ...(await complaints(() =>
        step(
          `import ${specifier}`,
          process.execPath,
          ["--input-type=module", "--eval", code],
          { cwd: folder },
        ),
      )),
    );
  }
  return problems;
}

async function run(members, folder) {
  const problems = [];
  for (const { manifest } of members) {
    for (const name of Object.keys(manifest.bin ?? {})) {
      const bin = join(folder, "node_modules/.bin", name);
      problems.push(
        ...(await complaints(async () => {
          const version = await step(name, bin, ["--version"], { cwd: folder });
          if (!version.includes(manifest.version)) {
            throw new Error(
              `${name} --version says "${version.trim()}" and not ${manifest.version}.`,
            );
          }
          const help = await step(name, bin, ["--help"], { cwd: folder });
          if (!help.includes(name)) {
            throw new Error(`${name} --help does not name itself.`);
          }
        })),
      );
    }
  }
  return problems;
}

/** A user with default compiler options and library checks on. */
async function compiled(base, members, folder) {
  const specifiers = members.flatMap((m) => specifiersOf(m.manifest));
  writeFileSync(
    join(folder, "consumer.mts"),
    specifiers
      .map((specifier, i) => `export * as m${i} from "${specifier}";\n`)
      .join(""),
  );
  cpSync(
    join(base, "node_modules/@types/node"),
    join(folder, "node_modules/@types/node"),
    { recursive: true },
  );
  cpSync(
    join(base, "node_modules/undici-types"),
    join(folder, "node_modules/undici-types"),
    { recursive: true },
  );
  const tsc = join(base, "node_modules/typescript/bin/tsc");
  const args = ["--noEmit", "--strict", "--skipLibCheck", "false"];
  const options = [
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--types",
    "node",
  ];
  return complaints(() =>
    step("tsc", process.execPath, [tsc, ...args, ...options, "consumer.mts"], {
      cwd: folder,
    }),
  );
}
