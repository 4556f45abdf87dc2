import { defineCommand, type Command } from "../../command/command.js";
import { writeNewKeyFile } from "../keys/key-file.js";

export const keygen: Command = defineCommand({
  name: "keygen",
  summary: "Make a key: one for sealing at rest, one for the way to hosts",
  details:
    "Writes the seed of a new curve key to FILE, which only you may read, and prints its public key.\nA file that is there already is left alone.",
  arguments: [{ name: "FILE", summary: "the file to make" }],
  options: {},
  examples: [
    "keyturn secrets keygen seal.key",
    "keyturn secrets keygen transit.key",
  ],
  run: ({ arguments: [file = ""] }, terminal) => {
    const { publicKey } = writeNewKeyFile(file);
    terminal.show({ file, publicKey }, publicKey);
    return Promise.resolve();
  },
});
