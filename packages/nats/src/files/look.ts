import { realpath, stat } from "node:fs/promises";
import { dirname, join, parse } from "node:path";

/** A set of files at one moment, without what is in them. */
export interface Look {
  /** Where each of them really is, by the name it is known by; without those that are not there. */
  readonly files: ReadonlyMap<string, string>;
  /** Another text whenever any of them is another file, or was written to. */
  readonly signature: string;
  /** When the last of them changed, or the folder of one that is not there; milliseconds. */
  readonly changedAt: number;
  /** Folders in which a change of them shows. */
  readonly folders: readonly string[];
}

/**
 * Looks at files, following links.
 *
 * In a folder of Kubernetes all files are links by way of one link `..data`, which is swapped for all of
 * them at once: who finds the same before and after reading has read files of one time.
 *
 * @param folder undefined if the paths are whole
 */
export async function look(
  paths: ReadonlyMap<string, string>,
  folder: string | undefined,
): Promise<Look> {
  const files = new Map<string, string>();
  const folders = new Set<string>();
  const signature: unknown[] = [];
  let changedAt = 0;
  for (const [name, path] of paths) {
    const asked = join(folder ?? "", path);
    folders.add(dirname(asked));
    const real = await orAbsent(realpath(asked));
    const seen =
      real === undefined
        ? undefined
        : await orAbsent(stat(real, { bigint: true }));
    if (real === undefined || seen === undefined) {
      signature.push(name, "absent");
      const around = await orAbsent(stat(dirname(asked)));
      changedAt = Math.max(changedAt, around?.ctimeMs ?? 0);
      continue;
    }
    files.set(name, real);
    folders.add(dirname(real));
    const { dev, ino, size, mtimeNs, ctimeNs } = seen;
    signature.push(name, real, dev, ino, size, mtimeNs, ctimeNs);
    changedAt = Math.max(changedAt, Number(ctimeNs / 1_000_000n));
  }
  return {
    files,
    signature: signature.join("\n"),
    changedAt,
    folders: [...folders],
  };
}

/** Whether everybody on this machine may read a file: by its own mode, and those of all folders above. */
export async function isReadableByAll(path: string): Promise<boolean> {
  if (process.platform === "win32") return false;
  const own = await orAbsent(stat(path));
  if (own === undefined || (own.mode & 0o004) === 0) return false;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const above = await orAbsent(stat(folder));
    if (above === undefined || (above.mode & 0o001) === 0) return false;
    if (folder === parse(folder).root) return true;
  }
}

/** Undefined if there is no such file. Links without an end, or paths through a file, lead to none. */
async function orAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP")
      return undefined;
    throw error;
  }
}
