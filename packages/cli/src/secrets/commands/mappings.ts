import { defineCommand, type Command } from "../../command/command.js";
import { Mappings } from "../store/mappings.js";
import { mappingOptions, withConnection } from "./with-store.js";

export const mappings: Command = defineCommand({
  name: "mappings",
  summary: "List which component or provider has which keys",
  options: mappingOptions,
  run: async ({ options }, terminal) => {
    const all = await withConnection(options, async (connection) =>
      (await Mappings.open(connection, options.name)).all(),
    );
    terminal.show(
      { mappings: Object.fromEntries(all) },
      [...all]
        .flatMap(([entity, keys]) => keys.map((key) => `${entity}\t${key}`))
        .join("\n"),
    );
  },
});
