import { defineCommand, type Command } from "../../command/command.js";
import { Mappings } from "../store/mappings.js";
import {
  assertEntity,
  assertKeyName,
  mappingOptions,
  withConnection,
} from "./with-store.js";

export const map: Command = defineCommand({
  name: "map",
  summary: "Let a component or provider read keys",
  details:
    'It counts where a rule of the policy is for entities that are "mapped". Prints all keys that ENTITY has.',
  arguments: [
    {
      name: "ENTITY",
      summary: "public key of a component (M…) or provider (V…)",
    },
    { name: "KEY", summary: "key of a secret", many: true },
  ],
  options: mappingOptions,
  run: async ({ options, arguments: [entity = "", ...added] }, terminal) => {
    assertEntity(entity);
    added.forEach(assertKeyName);
    const keys = await withConnection(options, async (connection) =>
      (await Mappings.open(connection, options.name)).add(entity, added),
    );
    terminal.show({ entity, keys }, keys.join("\n"));
  },
});
