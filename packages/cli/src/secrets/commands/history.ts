import { defineCommand, type Command } from "../../command/command.js";
import { SecretStore } from "../store/secret-store.js";
import { notFound } from "./not-found.js";
import { assertKeyName, storeOptions, withConnection } from "./with-store.js";

export const history: Command = defineCommand({
  name: "history",
  summary: "List the versions of a secret, the newest last",
  details:
    "Each with its time and the id of the key that it is sealed with (`stock`: as the stock backend seals).",
  arguments: [{ name: "KEY", summary: "key of the secret" }],
  options: storeOptions,
  run: async ({ options, arguments: [key = ""] }, terminal) => {
    assertKeyName(key);
    const versions = await withConnection(options, async (connection) => {
      const store = await SecretStore.open(
        connection,
        options.bucket,
        undefined,
      );
      return store.history(key);
    });
    if (versions.length === 0) throw notFound(key);
    terminal.show(
      { key, versions },
      versions
        .map(
          ({ version, created, seal = "unknown" }) =>
            `${version}\t${created.toISOString()}\t${seal}`,
        )
        .join("\n"),
    );
  },
});
