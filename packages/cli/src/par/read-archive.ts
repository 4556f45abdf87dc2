import { readFileSync, statSync } from "node:fs";
import { constants } from "node:buffer";
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

/** Archives are some hundred megabytes; more is not read. */
const longestArchive = Math.min(constants.MAX_LENGTH, 4 * 1024 ** 3 - 1);

/**
 * Reads a provider archive as hosts do: only the stem of an entry's name counts.
 *
 * @throws KeyturnError `CLI_FILE_UNREADABLE`, `PAR_ARCHIVE_UNREADABLE`
 */
export function readArchive(path: string): ReadArchive {
  const file = readWhole(path, "The archive");
  const isCompressed = file[0] === 0x1f && file[1] === 0x8b;
  const strange: string[] = [];
  const doubled = new Set<string>();
  const byStem = new Map<string, Buffer>();
  for (const { name, type, data } of entriesOf(path, file, isCompressed)) {
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
): readonly TarEntry[] {
  try {
    return readTar(
      isCompressed
        ? gunzipSync(file, { maxOutputLength: longestArchive })
        : file,
    );
  } catch (cause) {
    const reason =
      cause instanceof TarFault
        ? `${cause.message}${isCompressed ? " in gzip" : ""}`
        : "its gzip is damaged";
    throw fail(
      "PAR_ARCHIVE_UNREADABLE",
      `${path} is no provider archive: ${reason}.`,
    );
  }
}

/** The bytes of a file. @throws KeyturnError `CLI_FILE_UNREADABLE` */
export function readWhole(path: string, what: string): Buffer {
  try {
    const { size } = statSync(path);
    if (size > longestArchive)
      throw new Error(`it has more than ${longestArchive} bytes`);
    return readFileSync(path);
  } catch (cause) {
    throw fail("CLI_FILE_UNREADABLE", `${what} cannot be read from ${path}.`, {
      cause,
    });
  }
}
