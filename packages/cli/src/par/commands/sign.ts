import { defineCommand, type Command } from "../../command/command.js";
import { fail } from "../../errors/cli-errors.js";
import { inspectArchive } from "../inspect-archive.js";
import { readArchive } from "../read-archive.js";
import { archiveBytes, writeArchive } from "../write-archive.js";
import { showArchive } from "./show-archive.js";
import { readSchema, signingOf, signingOptions } from "./signing-options.js";

export const sign: Command = defineCommand({
  name: "sign",
  summary: "Sign a provider archive anew, with another issuer's key perhaps",
  details:
    "Writes an archive of the same executables with a new token. What the old token says of the\nprovider is kept, except for what is given here.",
  arguments: [{ name: "ARCHIVE", summary: "the archive to sign" }],
  options: {
    ...signingOptions,
    provider: {
      type: "text",
      value: "KEY",
      summary:
        "the provider's own key: V…, or a file that holds it or its seed (SV…); without it that of the old token",
    },
  },
  examples: [
    "keyturn par sign messaging.par.gz --issuer issuer.nk --out signed.par.gz",
  ],
  run: async ({ options, arguments: [path = ""] }, terminal) => {
    const archive = readArchive(path);
    const old = inspectArchive(archive);
    const known = <T>(what: string, value: T | undefined): T => {
      if (value !== undefined) return value;
      throw fail(
        "PAR_INPUT_INVALID",
        `The token in ${path} does not tell the ${what}, and \`--${what}\` was not given.`,
        { next: `Give it: \`keyturn par sign ${path} --${what} …\`.` },
      );
    };
    const subject = known("provider", options.provider ?? old.subject);
    const signing = signingOf(options, subject, terminal);
    const revision = options.revision ?? old.revision;
    const version = options.version ?? old.version;
    const configSchema =
      options.schema === undefined
        ? old.configSchema
        : readSchema(options.schema);
    const { targets, world } = archive;
    const content = {
      name: known("name", options.name ?? old.name),
      vendor: known("vendor", options.vendor ?? old.vendor),
      ...(revision !== undefined && { revision }),
      ...(version !== undefined && { version }),
      ...(configSchema !== undefined && { configSchema }),
      ...(world !== undefined && { world }),
      targets,
    };
    await writeArchive(options.out, archiveBytes(content, signing));
    showArchive(options.out, terminal);
  },
});
