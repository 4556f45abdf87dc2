import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** A `nats-server` that can be started. */
export interface ServerBinary {
  readonly path: string;
  /** For example `2.9.10`. */
  readonly version: string;
}

const fileName =
  process.platform === "win32" ? "nats-server.exe" : "nats-server";

/** Where the set-up script puts a `nats-server` it had to install. */
export function serverCacheFolder(
  env: NodeJS.ProcessEnv = process.env,
): string {
  const base =
    process.platform === "win32"
      ? (env["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local"))
      : process.platform === "darwin"
        ? join(homedir(), "Library", "Caches")
        : (env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"));
  return join(base, "keyturn", "bin");
}

let found: ServerBinary | undefined;

/**
 * Finds `nats-server`: `KEYTURN_NATS_SERVER`, else PATH, else the cache folder of the set-up script.
 *
 * @throws Error that says what to install
 */
export function findServerBinary(): ServerBinary {
  found ??= search();
  return found;
}

function search(): ServerBinary {
  const explicit = process.env["KEYTURN_NATS_SERVER"];
  const places =
    explicit !== undefined && explicit !== ""
      ? [explicit]
      : [...(process.env["PATH"] ?? "").split(delimiter), serverCacheFolder()]
          .filter((folder) => folder !== "")
          .map((folder) => join(folder, fileName));
  for (const path of places) {
    try {
      accessSync(path, constants.X_OK);
    } catch {
      continue;
    }
    const version = /v(\d+\.\d+\.\d+)/.exec(
      execFileSync(path, ["--version"], { encoding: "utf8" }),
    )?.[1];
    if (version !== undefined) return { path, version };
  }
  throw new Error(
    explicit === undefined
      ? "nats-server was not found on PATH or in the cache. Run `npm test` once: it installs one, or says what to install."
      : `KEYTURN_NATS_SERVER names ${explicit}, which cannot be run. Correct it, or unset it.`,
  );
}
