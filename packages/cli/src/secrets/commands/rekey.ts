import { isKeyturnError } from "@keyturn/nats";

import { defineCommand, type Command } from "../../command/command.js";
import { fail } from "../../errors/cli-errors.js";
import { SecretStore } from "../store/secret-store.js";
import {
  sealerOf,
  sealOptions,
  storeOptions,
  withConnection,
} from "./with-store.js";

export const rekey: Command = defineCommand({
  name: "rekey",
  summary:
    "Seal all secrets with a new key, and values of the stock backend anew",
  details:
    "The newest version of each secret is sealed with the seal key, and keeps its version; older versions that\nan old key opens are removed. Backends may go on meanwhile, if they have both keys. It can be repeated.",
  options: { ...storeOptions, ...sealOptions },
  examples: ["keyturn secrets rekey --seal-key new.key --old-seal-key old.key"],
  run: async ({ options }, terminal) => {
    const sealer = await sealerOf(options, true, terminal);
    const counts = { resealed: 0, current: 0, gone: 0 };
    const unreadable: string[] = [];
    await withConnection(options, async (connection) => {
      const store = await SecretStore.open(connection, options.bucket, sealer);
      for (const key of await store.keys()) {
        try {
          counts[await store.reseal(key)]++;
        } catch (error) {
          if (!isKeyturnError(error)) throw error;
          unreadable.push(key);
          terminal.warn(error.message);
        }
      }
    });
    terminal.show(
      { resealed: counts.resealed, current: counts.current, unreadable },
      `${counts.resealed} sealed anew, ${counts.current} were already`,
    );
    if (unreadable.length > 0)
      throw fail(
        "SECRETS_REKEY_INCOMPLETE",
        `${unreadable.length} of the secrets could not be opened.`,
      );
  },
});
