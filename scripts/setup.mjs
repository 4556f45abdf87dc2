// Makes a checkout ready to run: Node version, dependencies, build, nats-server. Idempotent, and
// quick when there is nothing to do. Uses only Node built-ins: on a fresh clone nothing else is there.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { main, step, StepFailed } from "./lib/step.mjs";
import {
  filesBelow,
  readJson,
  root,
  workspaceMembers,
} from "./lib/workspace.mjs";
import { ensureNatsServer } from "./nats-server.mjs";

/**
 * @param {{ say?: (line: string) => void }} [options] Where progress goes; standard error if not
 * given, so that a script's own output stays clean.
 * @returns {Promise<{ natsServer: { path: string, version: string } }>}
 */
export async function setup({ say = (line) => console.error(line) } = {}) {
  checkNode();
  await installDependencies(say);
  await build(say);
  await bundleProvider();
  const natsServer = await ensureNatsServer({ say });
  // Everything started from here uses the server that has just been named.
  process.env.KEYTURN_NATS_SERVER = natsServer.path;
  return { natsServer };
}

function checkNode() {
  const range = readJson(join(root, "package.json")).engines.node;
  const oldest = range.replace(/^>=/, "");
  if (!isAtLeast(process.versions.node, oldest)) {
    throw new StepFailed(
      `Keyturn needs Node.js ${oldest} or newer, and this is ${process.versions.node}. Install a newer one from https://nodejs.org.`,
    );
  }
}

/** Whether a dotted version is at least another one. */
export function isAtLeast(version, oldest) {
  const have = version.split(".").map(Number);
  const need = oldest.split(".").map(Number);
  const differs = need.findIndex((part, i) => part !== (have[i] ?? 0));
  return differs === -1 || (have[differs] ?? 0) > need[differs];
}

async function installDependencies(say) {
  if (dependenciesAreInstalled(root)) return;
  // npm tells the scripts it starts where it is; `node scripts/setup.mjs` has to look on PATH.
  const npm = process.env.npm_execpath;
  const command = npm ? [process.execPath, npm] : ["npm"];
  await step(
    "Installing dependencies (npm ci)",
    command[0],
    [...command.slice(1), "ci", "--no-audit", "--no-fund", "--loglevel=error"],
    { say },
  );
}

/**
 * Whether what npm has installed is what the lock file says. Contents are compared, not times of
 * change: git changes those whenever it switches branches.
 */
export function dependenciesAreInstalled(base) {
  const record = join(base, "node_modules/.package-lock.json");
  if (!existsSync(record)) return false;
  const wanted = readJson(join(base, "package-lock.json")).packages;
  const installed = readJson(record).packages;
  return (
    Object.entries(wanted).every(([path, entry]) => {
      if (path === "" || (entry.optional && !(path in installed))) return true;
      const have = installed[path];
      if (have === undefined) return false;
      // A member of the workspace: that it is linked is enough, its manifest is not installed.
      if (!path.startsWith("node_modules/") || entry.link) return true;
      return (
        have.version === entry.version && have.integrity === entry.integrity
      );
    }) && Object.keys(installed).every((path) => path in wanted)
  );
}

async function build(say) {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const first = workspaceMembers().some(
    ({ path }) =>
      existsSync(join(path, "tsconfig.json")) &&
      !existsSync(join(path, "dist/src.tsbuildinfo")),
  );
  await step("Building (tsc -b)", process.execPath, [tsc, "-b"], {
    ...(first && { say }),
  });
  for (const { path } of workspaceMembers()) removeStaleOutput(path);
}

/** Loaded late: it needs what has just been installed. */
async function bundleProvider() {
  const { bundle } = await import("./exe/bundle.mjs");
  await bundle();
}

/**
 * Removes compiled files whose source has gone: tsc leaves them, and a test among them would go on
 * running.
 */
export function removeStaleOutput(packagePath) {
  const sources = new Set(filesBelow(join(packagePath, "src")));
  for (const file of filesBelow(join(packagePath, "dist"))) {
    const compiled = /^(.*?)(\.d)?\.(js|ts)(\.map)?$/.exec(file);
    if (compiled === null || sources.has(`${compiled[1]}.ts`)) continue;
    rmSync(join(packagePath, "dist", file));
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await main(setup);
}
