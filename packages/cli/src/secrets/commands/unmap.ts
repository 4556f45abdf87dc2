import { defineCommand, type Command } from "../../command/command.js";
import { fail } from "../../errors/cli-errors.js";
import { Mappings } from "../store/mappings.js";
import { assertEntity, mappingOptions, withConnection } from "./with-store.js";

export const unmap: Command = defineCommand({
  name: "unmap",
  summary: "Take keys from a component or provider again",
  details: "In force with the next read. Prints the keys that ENTITY keeps.",
  arguments: [
    {
      name: "ENTITY",
      summary: "public key of a component (M…) or provider (V…)",
    },
    { name: "KEY", summary: "key of a secret", many: true, optional: true },
  ],
  options: {
    ...mappingOptions,
    all: { type: "flag", summary: "all keys that it has" },
  },
  run: async ({ options, arguments: [entity = "", ...removed] }, terminal) => {
    assertEntity(entity);
    if (options.all === removed.length > 0)
      throw fail(
        "CLI_ARGUMENTS_WRONG",
        "`keyturn secrets unmap` takes keys, or `--all`.",
        { next: "Look at what it takes: `keyturn secrets unmap --help`." },
      );
    const keys = await withConnection(options, async (connection) => {
      const mappings = await Mappings.open(connection, options.name);
      if (options.all) {
        await mappings.clear(entity);
        return [];
      }
      const before = await mappings.keysOf(entity);
      const missing = removed.find((key) => !before.includes(key));
      if (missing !== undefined)
        throw fail(
          "SECRETS_NOT_FOUND",
          `The mapping of ${entity} has no key \`${missing}\`.`,
          { next: "Look at what it has: `keyturn secrets mappings`." },
        );
      return mappings.remove(entity, removed);
    });
    terminal.show({ entity, keys }, keys.join("\n"));
  },
});
