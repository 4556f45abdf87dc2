// Where things are in this repository. Everything here uses only Node built-ins, because set-up
// runs before any dependency is there.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the repository. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/**
 * The members of the workspace (`packages/*`, `examples/*`, `bench/*`).
 *
 * @returns {{ dir: string, path: string, manifest: Record<string, any> }[]} `dir` is relative to
 * the repository (`packages/nats`), `path` absolute.
 */
export function workspaceMembers(base = root) {
  const { workspaces } = readJson(join(base, "package.json"));
  return workspaces
    .map((pattern) => pattern.replace(/\/\*$/, ""))
    .filter((group) => existsSync(join(base, group)))
    .flatMap((group) =>
      readdirSync(join(base, group)).map((name) => `${group}/${name}`),
    )
    .filter((dir) => existsSync(join(base, dir, "package.json")))
    .sort()
    .map((dir) => ({
      dir,
      path: join(base, dir),
      manifest: readJson(join(base, dir, "package.json")),
    }));
}

/** Every file below a folder, relative to it, with `/`; none if the folder is not there. */
export function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => path.slice(folder.length + 1).replaceAll("\\", "/"))
    .sort();
}

export function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}
