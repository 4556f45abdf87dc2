import { readFileSync, statSync } from "node:fs";
import { posix } from "node:path";
import { gunzipSync } from "node:zlib";

import { fail } from "../errors/cli-errors.js";
import { readTar, TarFault, type TarEntry } from "./tar.js";

/** What is in a provider archive; whether it is any good, `inspectArchive` tells. */
export interface ReadArchive {
  readonly isCompressed: boolean;
  /** Bytes of the file. */
  readonly size: number;
  /** The signed token. */
  readonly token?: string;
  readonly world?: Buffer;
  /** Target: executable. Of two for one target the last, as hosts take it. */
  readonly targets: ReadonlyMap<string, Buffer>;
  /** Paths of what no host wants in an archive: folders, links, what has no name. */
  readonly strange: readonly string[];
  /** Stems that several entries have. */
  readonly doubled: readonly string[];
}

/** Archives are some hundred megabytes, of all targets together; more is not read, nor unpacked. */
const mostBytes = 1024 ** 3;

/**
 * Reads a provider archive as hosts do: only the stem of an entry's name counts.
 *
 * @throws KeyturnError `CLI_FILE_UNREADABLE`, `PAR_ARCHIVE_UNREADABLE`
 */
export function readArchive(
  path: string,
  most: number = mostBytes,
): ReadArchive {
  const file = readWhole(path, "The archive", most);
  const isCompressed = file[0] === 0x1f && file[1] === 0x8b;
  const strange: string[] = [];
  const doubled = new Set<string>();
  const byStem = new Map<string, Buffer>();
  for (const { name, type, data } of entriesOf(
    path,
    file,
    isCompressed,
    most,
  )) {
    const stem = posix.parse(name).name;
    if (type !== "0" || !isStem(stem)) {
      strange.push(name);
      continue;
    }
    if (byStem.has(stem)) doubled.add(stem);
    byStem.set(stem, data);
  }
  const token = byStem.get("claims")?.toString("utf8");
  const world = byStem.get("world");
  byStem.delete("claims");
  byStem.delete("world");
  return {
    isCompressed,
    size: file.length,
    ...(token !== undefined && { token }),
    ...(world !== undefined && { world }),
    targets: byStem,
    strange,
    doubled: [...doubled],
  };
}

function isStem(stem: string): boolean {
  return stem !== "" && stem !== "." && stem !== "..";
}

function entriesOf(
  path: string,
  file: Buffer,
  isCompressed: boolean,
  most: number,
): readonly TarEntry[] {
  try {
    return readTar(
      isCompressed ? gunzipSync(file, { maxOutputLength: most }) : file,
    );
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason =
      cause instanceof TarFault
        ? `${cause.message}${isCompressed ? " in gzip" : ""}`
        : code === "ERR_BUFFER_TOO_LARGE"
          ? `it unpacks to more than ${most} bytes`
          : "its gzip is damaged";
    throw fail(
      "PAR_ARCHIVE_UNREADABLE",
      `${path} is no provider archive: ${reason}.`,
    );
  }
}

/** The bytes of a file. @throws KeyturnError `CLI_FILE_UNREADABLE` */
export function readWhole(
  path: string,
  what: string,
  most: number = mostBytes,
): Buffer {
  try {
    const { size } = statSync(path);
    if (size > most) throw new Error(`it has more than ${most} bytes`);
    return readFileSync(path);
  } catch (cause) {
    throw fail("CLI_FILE_UNREADABLE", `${what} cannot be read from ${path}.`, {
      cause,
    });
  }
}
