import { defineCommand, type Command } from "../../command/command.js";
import { SecretStore } from "../store/secret-store.js";
import { storeOptions, withConnection } from "./with-store.js";

export const list: Command = defineCommand({
  name: "list",
  summary: "List the keys of all secrets",
  options: storeOptions,
  run: async ({ options }, terminal) => {
    const keys = await withConnection(options, async (connection) => {
      const store = await SecretStore.open(
        connection,
        options.bucket,
        undefined,
      );
      return store.keys();
    });
    terminal.show({ keys }, keys.join("\n"));
  },
});
