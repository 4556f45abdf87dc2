import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** A `nats-server` that can be started. */
export interface ServerBinary {
  readonly path: string;
  /** For example `2.9.10`. */
  readonly version: string;
  /** How it was found. */
  readonly foundBy: "KEYTURN_NATS_SERVER" | "PATH" | "cache";
}

/** What a search gave. */
export interface ServerSearch {
  readonly binary: ServerBinary | undefined;
  /** One line for each program of the name that was passed over, with the reason. */
  readonly refused: readonly string[];
}

/** The oldest `nats-server` that Keyturn supports. */
export const oldestServerVersion = "2.9.0";

const fileName =
  process.platform === "win32" ? "nats-server.exe" : "nats-server";

/** Folder of the user in which `nats-server` lies once the set-up script had to install it. */
export function serverCacheFolder(
  env: NodeJS.ProcessEnv = process.env,
): string {
  const base =
    process.platform === "win32"
      ? nonEmpty(env["LOCALAPPDATA"], join(homedir(), "AppData", "Local"))
      : process.platform === "darwin"
        ? join(homedir(), "Library", "Caches")
        : nonEmpty(env["XDG_CACHE_HOME"], join(homedir(), ".cache"));
  return join(base, "keyturn", "bin");
}

/**
 * Looks for `nats-server`: the path in `KEYTURN_NATS_SERVER`, else PATH, else the cache folder of
 * the set-up script. Programs older than {@link oldestServerVersion} are passed over.
 *
 * @throws Error if `KEYTURN_NATS_SERVER` names something that cannot be used: nothing else is taken
 * in its place
 */
export function searchServerBinary(
  env: NodeJS.ProcessEnv = process.env,
): ServerSearch {
  const explicit = nonEmpty(env["KEYTURN_NATS_SERVER"], undefined);
  if (explicit !== undefined) {
    const { version, trouble } = examine(explicit);
    if (version === undefined)
      throw new Error(
        `KEYTURN_NATS_SERVER names ${explicit}, ${trouble}. Correct it, or unset it.`,
      );
    return {
      binary: { path: explicit, version, foundBy: "KEYTURN_NATS_SERVER" },
      refused: [],
    };
  }
  const refused: string[] = [];
  const folders = (env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => ({ folder, foundBy: "PATH" as const }));
  for (const { folder, foundBy } of [
    ...folders,
    { folder: serverCacheFolder(env), foundBy: "cache" as const },
  ]) {
    const path = join(folder, fileName);
    if (!isExecutable(path)) continue;
    const { version, trouble } = examine(path);
    if (version !== undefined)
      return { binary: { path, version, foundBy }, refused };
    refused.push(`${path} is not used: it is a program ${trouble}.`);
  }
  return { binary: undefined, refused };
}

const known = new Map<string, ServerBinary>();

/**
 * The `nats-server` that {@link searchServerBinary} finds.
 *
 * @throws Error that says what to do if there is none
 */
export function findServerBinary(
  env: NodeJS.ProcessEnv = process.env,
): ServerBinary {
  const places = [
    env["KEYTURN_NATS_SERVER"],
    env["PATH"],
    serverCacheFolder(env),
  ].join("\n");
  const before = known.get(places);
  if (before !== undefined) return before;
  const { binary, refused } = searchServerBinary(env);
  if (binary === undefined)
    throw new Error(
      [
        "There is no nats-server on PATH or in the cache folder.",
        ...refused,
        "Install nats-server 2.9 or newer, or put its path into KEYTURN_NATS_SERVER.",
      ].join(" "),
    );
  known.set(places, binary);
  return binary;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The version of a program, or in words that go on from its name why it cannot be used. */
function examine(
  path: string,
):
  | { version: string; trouble?: undefined }
  | { version?: undefined; trouble: string } {
  let text: string;
  try {
    text = execFileSync(path, ["--version"], {
      encoding: "utf8",
      timeout: 10_000,
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "it failed";
    return { trouble: `which cannot be run (${code})` };
  }
  const version = /v(\d+\.\d+\.\d+)/.exec(text)?.[1];
  if (version === undefined)
    return { trouble: "which does not answer --version as nats-server does" };
  if (isOlder(version, oldestServerVersion))
    return {
      trouble: `which is version ${version}, and 2.9 is the oldest supported`,
    };
  return { version };
}

function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, "en", { numeric: true }) < 0;
}

function nonEmpty<Other>(
  text: string | undefined,
  other: Other,
): string | Other {
  return text === undefined || text === "" ? other : text;
}
