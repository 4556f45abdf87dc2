import { defineCommand, type Command } from "../../command/command.js";
import { SecretStore } from "../store/secret-store.js";
import { notFound } from "./not-found.js";
import { assertKeyName, storeOptions, withConnection } from "./with-store.js";

export const rm: Command = defineCommand({
  name: "rm",
  summary: "Remove a secret with all its versions",
  arguments: [{ name: "KEY", summary: "key of the secret" }],
  options: storeOptions,
  run: async ({ options, arguments: [key = ""] }, terminal) => {
    assertKeyName(key);
    const wasThere = await withConnection(options, async (connection) => {
      const store = await SecretStore.open(
        connection,
        options.bucket,
        undefined,
      );
      return store.remove(key);
    });
    if (!wasThere) throw notFound(key);
    terminal.show({ key, removed: true }, `removed ${key}`);
  },
});
