import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";

import { defineCommand, type Command } from "../../command/command.js";
import type { Terminal } from "../../command/terminal.js";
import { fail } from "../../errors/cli-errors.js";
import { SecretStore } from "../store/secret-store.js";
import {
  assertKeyName,
  sealerOf,
  sealOptions,
  storeOptions,
  withConnection,
} from "./with-store.js";

/** A binary value is four times as long on its way to a host, and NATS takes a megabyte. */
const longestValue = 128 * 1024;

export const put: Command = defineCommand({
  name: "put",
  summary: "Store a value, from standard input or a file",
  details:
    "A value never stands on the command line, where others could see it. One line end after a text is left\nout; a binary value is taken as it is. Prints the version.",
  arguments: [{ name: "KEY", summary: "key of the secret" }],
  options: {
    ...storeOptions,
    ...sealOptions,
    file: {
      type: "text",
      value: "FILE",
      summary: "take the value from a file",
    },
    binary: { type: "flag", summary: "the value is bytes, not text" },
  },
  examples: [
    "keyturn secrets put nats/prod/seed --seal-key seal.key < user.nk",
    "keyturn secrets put tls/p12 --binary --file store.p12 --seal-key seal.key",
  ],
  run: async ({ options, arguments: [key = ""] }, terminal) => {
    assertKeyName(key);
    const sealer = await sealerOf(options, false, terminal);
    const { binary } = options;
    const bytes = await valueBytes(options.file, terminal);
    try {
      const value = binary ? bytes : asText(bytes);
      const version = await withConnection(options, async (connection) => {
        const store = await SecretStore.open(
          connection,
          options.bucket,
          sealer,
        );
        return store.put(key, binary ? "binary" : "text", value);
      });
      terminal.show({ key, version }, version);
    } finally {
      bytes.fill(0);
    }
  },
});

async function valueBytes(
  file: string | undefined,
  { surroundings: { stdin } }: Terminal,
): Promise<Buffer> {
  if (file === undefined && stdin.isTTY === true)
    throw fail(
      "SECRETS_VALUE_INVALID",
      "The value is read from standard input, and that is a terminal.",
      { next: "Give a file: `keyturn secrets put KEY --file FILE`." },
    );
  try {
    return await bounded(file === undefined ? stdin : createReadStream(file));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === undefined) throw cause;
    if ((cause as Error).name === "KeyturnError") throw cause;
    throw fail(
      "CLI_FILE_UNREADABLE",
      `${file ?? "Standard input"} cannot be read.`,
      {
        cause,
      },
    );
  }
}

async function bounded(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > longestValue)
        throw fail(
          "SECRETS_VALUE_INVALID",
          `The value has more than ${longestValue} bytes.`,
          { next: "Store a part of it, or where it is to be found." },
        );
    }
    if (length === 0)
      throw fail("SECRETS_VALUE_INVALID", "The value is empty.");
    return Buffer.concat(chunks);
  } finally {
    for (const chunk of chunks) chunk.fill(0);
  }
}

function asText(bytes: Buffer): Uint8Array {
  if (!isUtf8(bytes))
    throw fail("SECRETS_VALUE_INVALID", "The value is no UTF-8 text.", {
      next: "Put it as bytes: `--binary`.",
    });
  let end = bytes.length;
  if (bytes[end - 1] === 0x0a) end--;
  if (end < bytes.length && bytes[end - 1] === 0x0d) end--;
  if (end === 0)
    throw fail("SECRETS_VALUE_INVALID", "The value is an empty line.");
  return bytes.subarray(0, end);
}
