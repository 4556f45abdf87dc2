import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

import { fail } from "../errors/nats-errors.js";
import { Secret } from "../secret/secret.js";

/** The longest JWT that is looked at has half as many bytes. */
export const largestFile: number = 128 * 1024;

/**
 * The bytes of a regular file; of nothing else, since a pipe or device may never end.
 *
 * @param where for messages: the reference
 * @throws KeyturnError `STORE_ABSENT`, `STORE_UNREADABLE`, `STORE_VALUE_INVALID`
 */
export async function readFileSecret(
  path: string,
  where: string,
): Promise<Secret> {
  let file: FileHandle | undefined;
  try {
    // Without O_NONBLOCK, opening a pipe waits for its writer, for ever perhaps.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile())
      throw fail(
        "STORE_VALUE_INVALID",
        `What ${where} has at \`${path}\` is no regular file.`,
        { next: "Put a file there." },
      );
    return await readAll(file, stat.size, path, where);
  } catch (error) {
    throw fileError(error, path, where);
  } finally {
    await file?.close();
  }
}

async function readAll(
  file: FileHandle,
  size: number,
  path: string,
  where: string,
): Promise<Secret> {
  // One byte more, to see whether it has grown.
  const bytes = new Uint8Array(Math.min(size, largestFile) + 1);
  let length = 0;
  try {
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > largestFile)
      throw fail(
        "STORE_VALUE_INVALID",
        `What ${where} has at \`${path}\` is larger than ${largestFile} bytes: no credential is.`,
      );
    return Secret.fromBytes(bytes.slice(0, length));
  } finally {
    bytes.fill(0);
  }
}

/** What a failed call of the file system means; other errors stay as they are. */
export function fileError(
  error: unknown,
  path: string,
  where: string,
): unknown {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return fail(
        "STORE_ABSENT",
        `There is no file \`${path}\` for ${where}.`,
        {
          cause: error,
        },
      );
    case "EACCES":
    case "EPERM":
      return fail(
        "STORE_UNREADABLE",
        `The file \`${path}\` for ${where} may not be read by this process.`,
        {
          next: `Let the user that it runs as read the file${typeof process.getuid === "function" ? ` (uid ${process.getuid()})` : ""}.`,
          cause: error,
        },
      );
    case undefined:
      return error;
    default:
      return code.startsWith("E")
        ? fail(
            "STORE_UNREADABLE",
            `The file \`${path}\` for ${where} cannot be read (${code}).`,
            { cause: error },
          )
        : error;
  }
}
