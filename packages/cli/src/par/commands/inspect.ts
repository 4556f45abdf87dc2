import { defineCommand, type Command } from "../../command/command.js";
import { showArchive } from "./show-archive.js";

export const inspect: Command = defineCommand({
  name: "inspect",
  summary: "Tell what is in a provider archive, and what is wrong with it",
  details:
    "Reads any provider archive, whoever made it. Ends with 1 if a host, a secrets backend or `wash`\nwould refuse it.",
  arguments: [{ name: "ARCHIVE", summary: "the archive to look at" }],
  options: {},
  examples: ["keyturn par inspect messaging.par.gz"],
  run: ({ arguments: [path = ""] }, terminal) => {
    showArchive(path, terminal);
    return Promise.resolve();
  },
});
