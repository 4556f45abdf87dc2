import { writeFileSync } from "node:fs";

import { defineCommand, type Command } from "../../command/command.js";
import { fail } from "../../errors/cli-errors.js";
import { SecretStore } from "../store/secret-store.js";
import { notFound } from "./not-found.js";
import {
  assertKeyName,
  sealerOf,
  sealOptions,
  stockOption,
  storeOptions,
  withConnection,
} from "./with-store.js";

const lineFeed = 0x0a;

export const get: Command = defineCommand({
  name: "get",
  summary: "Show a value",
  details:
    "Writes the value to standard output, as it is, and nothing else. With --json, a binary value is base64.\nIt reads the bucket with the seal key: no policy is asked, and the backend's audit log does not see it.",
  arguments: [{ name: "KEY", summary: "key of the secret" }],
  options: {
    ...storeOptions,
    ...sealOptions,
    ...stockOption,
    version: {
      type: "text",
      value: "N",
      summary: "an older version (default: the newest)",
    },
    out: {
      type: "text",
      value: "FILE",
      summary: "write it to a new file that only you may read",
    },
  },
  run: async ({ options, arguments: [key = ""] }, terminal) => {
    assertKeyName(key);
    const { version, out } = options;
    if (version !== undefined && !/^\d{1,15}$/.test(version))
      throw fail("CLI_OPTION_INVALID", "A version is a whole number.", {
        next: `Look at which there are: \`keyturn secrets history ${key}\`.`,
      });
    const sealer = await sealerOf(options, options["stock-values"], terminal);
    const found = await withConnection(options, async (connection) => {
      const store = await SecretStore.open(connection, options.bucket, sealer);
      const stored = await store.find(key, version);
      return stored && { ...store.open(key, stored), version: stored.version };
    });
    if (found === undefined) throw notFound(key, version);
    const { kind, value } = found;
    value.use((bytes) => {
      const shared = { key, version: found.version, kind };
      if (out !== undefined) {
        writeNew(out, bytes);
        terminal.show({ ...shared, file: out }, "");
      } else if (terminal.json) {
        const text = Buffer.from(bytes).toString(
          kind === "text" ? "utf8" : "base64",
        );
        terminal.show({ ...shared, value: text }, "");
      } else {
        const { stdout } = terminal.surroundings;
        stdout.write(Buffer.from(bytes));
        // For whoever types next; into a pipe goes the value alone.
        if (stdout.isTTY === true && bytes.at(-1) !== lineFeed)
          stdout.write("\n");
      }
    });
    value.wipe();
  },
});

function writeNew(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes, { flag: "wx", mode: 0o600 });
  } catch (cause) {
    throw fail("CLI_FILE_UNWRITABLE", `${path} cannot be made.`, { cause });
  }
}
