// Which package may import which. docs/architecture.md shows the same table.
import { join, normalize } from "node:path/posix";
import { readFileSync } from "node:fs";
import { importsOfMember, packageOf } from "../lib/imports.mjs";
import { workspaceMembers } from "../lib/workspace.mjs";

const scope = "@keyturn/";

/** Folder of the package: the packages its sources may import, besides outside ones. */
export const arrows = {
  "packages/nats": [],
  "packages/wrpc": [],
  "packages/provider": ["@keyturn/nats", "@keyturn/wrpc"],
  "packages/messaging": ["@keyturn/provider", "@keyturn/nats", "@keyturn/wrpc"],
  "packages/cli": [
    "@keyturn/messaging",
    "@keyturn/provider",
    "@keyturn/nats",
    "@keyturn/wrpc",
  ],
  "packages/testkit": ["@keyturn/wrpc"],
};

/** Tests and examples may import it too; shipped sources may not. */
const forTests = "@keyturn/testkit";

export const what = "imports follow the arrows between packages";

/** @returns {string[]} A line for each import against the arrows. */
export function check(base) {
  const members = workspaceMembers(base);
  const packages = new Map(
    members.map(({ dir, manifest }) => [manifest.name, dir]),
  );
  return [
    ...missingRows(members),
    ...members.flatMap((member) =>
      importsOfMember(member).flatMap((use) => problem(member, packages, use)),
    ),
    ...differencesFromDocs(base),
  ];
}

/** Examples and benchmarks: they may import every package, and nothing imports them. */
function isOutermost(dir) {
  return dir.startsWith("examples/") || dir.startsWith("bench/");
}

function missingRows(members) {
  return members
    .filter(({ dir }) => dir.startsWith("packages/") && !(dir in arrows))
    .map(
      ({ dir }) =>
        `${dir} has no row in the table of scripts/checks/arrows.mjs. Add it there and in docs/architecture.md.`,
    );
}

function problem(member, packages, { file, isTest, specifier }) {
  if (specifier.startsWith(".")) {
    const target = normalize(join(file, "..", specifier));
    return target.startsWith(`${member.dir}/src/`)
      ? []
      : [
          `${file} reaches out of its package: "${specifier}". Import the package by its name.`,
        ];
  }
  const name = packageOf(specifier);
  if (!name?.startsWith(scope) || name === member.manifest.name) return [];
  const dir = packages.get(name);
  if (dir === undefined) {
    return [`${file} imports "${specifier}", which is not in this repository.`];
  }
  if (isOutermost(dir)) {
    return [
      `${file} imports an example or a benchmark: "${specifier}". Nothing may.`,
    ];
  }
  if (isOutermost(member.dir)) return [];
  if (isTest && name === forTests) return [];
  if (arrows[member.dir]?.includes(name)) return [];
  const may = arrows[member.dir]?.join(", ") || "no package of this repository";
  return [
    `${file} imports "${specifier}" against the arrows: ${member.dir} may import ${may}.`,
  ];
}

/** The rows of the table in docs/architecture.md that does not say what the table here says. */
function differencesFromDocs(base) {
  const file = "docs/architecture.md";
  const rows = new Map(
    readFileSync(join(base, file), "utf8")
      .split("\n")
      .map((line) => /^\| `(packages\/[^`]+)` *\|[^|]*\|([^|]*)\|$/.exec(line))
      .filter((match) => match !== null)
      .map(([, dir, names]) => [
        dir,
        [...names.matchAll(/`([^`]+)`/g)].map((match) => `${scope}${match[1]}`),
      ]),
  );
  const same = (dir) =>
    [...(rows.get(dir) ?? ["(no row)"])].sort().join() ===
    [...arrows[dir]].sort().join();
  return Object.keys(arrows)
    .filter((dir) => !same(dir))
    .map(
      (dir) =>
        `${file} shows other arrows for ${dir} than scripts/checks/arrows.mjs. Make them agree.`,
    );
}
