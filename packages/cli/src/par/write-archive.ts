import { randomBytes } from "node:crypto";
import { createWriteStream, rmSync, renameSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

import { fail } from "../errors/cli-errors.js";
import {
  hashOf,
  providerToken,
  worldName,
  type ProviderDescription,
  type Signing,
} from "./provider-claims.js";
import { tarEnd, tarFile } from "./tar.js";

/** What goes into an archive. */
export interface ArchiveContent extends ProviderDescription {
  /** Target: executable. */
  readonly targets: ReadonlyMap<string, Uint8Array>;
  /** The WIT package of its interfaces, encoded as a component. */
  readonly world?: Uint8Array;
}

/** The bytes of an archive, in pieces. Same content, same bytes. */
export function* archiveBytes(
  content: ArchiveContent,
  signing: Signing,
): Generator<Uint8Array> {
  const targets = [...content.targets].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const hashes = targets.map(([target, bytes]) => [target, hashOf(bytes)]);
  if (content.world !== undefined)
    hashes.push([worldName, hashOf(content.world)]);
  const token = providerToken(content, Object.fromEntries(hashes), signing);
  yield* tarFile("claims.jwt", 0o644, Buffer.from(token));
  if (content.world !== undefined)
    yield* tarFile(worldName, 0o644, content.world);
  for (const [target, bytes] of targets)
    yield* tarFile(`${target}.bin`, 0o755, bytes);
  yield tarEnd();
}

/**
 * Writes an archive to a file, compressed if its name ends with `.gz`. Until it is whole it has another
 * name.
 *
 * @throws KeyturnError `CLI_FILE_UNWRITABLE`
 */
export async function writeArchive(
  path: string,
  bytes: Iterable<Uint8Array>,
): Promise<void> {
  const partial = `${path}.${randomBytes(6).toString("hex")}.partial`;
  try {
    const source = Readable.from(bytes, { objectMode: false });
    const file = createWriteStream(partial, { flags: "wx" });
    await (path.endsWith(".gz")
      ? pipeline(source, createGzip(), file)
      : pipeline(source, file));
    renameSync(partial, path);
  } catch (cause) {
    rmSync(partial, { force: true });
    throw fail("CLI_FILE_UNWRITABLE", `${path} cannot be written.`, { cause });
  }
}
