import {
  mkdir,
  mkdtemp,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that is gone with its test. */
export interface TempFolder extends AsyncDisposable {
  readonly path: string;
  /** A path inside. */
  at(...names: string[]): string;
  /** Writes a file that only its owner may read. */
  write(name: string, content: string | Uint8Array): Promise<void>;
  /** The same by a rename, which nobody sees half done. */
  replace(name: string, content: string | Uint8Array): Promise<void>;
}

export async function tempFolder(): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), "keyturn-stores-"));
  const at = (...names: string[]): string => join(path, ...names);
  const write = (name: string, content: string | Uint8Array): Promise<void> =>
    writeFile(at(name), content, { mode: 0o600 });
  return {
    path,
    at,
    write,
    replace: async (name, content) => {
      await write(".next", content);
      await rename(at(".next"), at(name));
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

let volumes = 0;

/**
 * What the kubelet does when a Secret changes: all files anew in a folder of their own, then one rename
 * of the link `..data`, then the old folder goes.
 */
export async function kubeletWrites(
  folder: TempFolder,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const version = `..2026_11_23_${volumes++}`;
  await mkdir(folder.at(version), { mode: 0o700 });
  for (const [name, content] of Object.entries(files))
    await folder.write(join(version, name), content);
  const old = await readlink(folder.at("..data")).catch(() => undefined);
  await symlink(version, folder.at("..data_tmp"));
  await rename(folder.at("..data_tmp"), folder.at("..data"));
  if (old !== undefined) await rm(folder.at(old), { recursive: true });
  for (const name of Object.keys(files)) {
    const isThere = await readlink(folder.at(name)).catch(() => undefined);
    if (isThere === undefined)
      await symlink(join("..data", name), folder.at(name));
  }
}
