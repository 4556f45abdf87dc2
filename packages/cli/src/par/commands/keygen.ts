import { generateSeed, signingKeyFromSeed } from "@keyturn/nats";

import { defineCommand, type Command } from "../../command/command.js";
import { fail } from "../../errors/cli-errors.js";
import { writeNewSeedFile } from "../../files/seed-file.js";

const kinds = new Map<string, "account" | "service">([
  ["issuer", "account"],
  ["provider", "service"],
]);

export const keygen: Command = defineCommand({
  name: "keygen",
  summary: "Make a key: one that issues archives, one that is a provider",
  details:
    "Writes the seed of a new key to FILE, which only you may read, and prints its public key.\nA file that is there already is left alone. Keep both: with another provider's key the next\narchive is another provider to secrets backends. Files of `wash keys` and `nk` do as well.",
  arguments: [
    { name: "KIND", summary: "`issuer` or `provider`" },
    { name: "FILE", summary: "the file to make" },
  ],
  options: {},
  examples: [
    "keyturn par keygen issuer issuer.nk",
    "keyturn par keygen provider provider.nk",
  ],
  run: ({ arguments: [kind = "", file = ""] }, terminal) => {
    const nkey = kinds.get(kind);
    if (nkey === undefined)
      throw fail(
        "CLI_ARGUMENTS_WRONG",
        "The KIND of `keyturn par keygen` is `issuer` or `provider`.",
        { next: "Look at what it takes: `keyturn par keygen --help`." },
      );
    const { publicKey } = writeNewSeedFile(
      file,
      generateSeed(nkey),
      `Choose another name: \`keyturn par keygen ${kind} FILE\`.`,
      signingKeyFromSeed,
    );
    terminal.show({ file, kind, publicKey }, publicKey);
    return Promise.resolve();
  },
});
