import { fileURLToPath } from "node:url";

import { defineCommand, type Command } from "../../command/command.js";
import { fail } from "../../errors/cli-errors.js";
import { configSchemaOf } from "../config-schema.js";
import { readWhole } from "../read-archive.js";
import { executableForm, knownTargets } from "../targets.js";
import { archiveBytes, writeArchive } from "../write-archive.js";
import { readSchema, signingOf, signingOptions } from "./signing-options.js";
import { showArchive } from "./show-archive.js";

export const create: Command = defineCommand({
  name: "create",
  summary: "Make a provider archive that wasmCloud hosts start",
  details:
    "Without --binary it holds Keyturn's messaging provider as a script, for hosts with Node.js 20.20 or\nnewer in /usr/bin. Single executables, which bring Node.js along, are released beside it.\nThe same input makes the same bytes.",
  options: {
    ...signingOptions,
    provider: {
      type: "text",
      value: "KEY",
      required: true,
      summary:
        "the provider's own key: V…, or a file that holds it or its seed (SV…)",
    },
    binary: {
      type: "text",
      value: "TARGET=FILE",
      many: true,
      summary: "an executable for a target, for example x86_64-linux=FILE",
    },
  },
  examples: [
    "keyturn par create --issuer issuer.nk --provider provider.nk --out messaging.par.gz",
    "keyturn par create --issuer issuer.nk --provider provider.nk --out messaging.par.gz --binary x86_64-linux=keyturn-messaging-x86_64-linux",
  ],
  run: async ({ options }, terminal) => {
    const signing = signingOf(options, options.provider, terminal);
    // Loaded only here: the other commands start without it.
    const { configKeys, providerScript, version } =
      await import("@keyturn/messaging");
    const content = {
      name: options.name ?? "keyturn-messaging",
      vendor: options.vendor ?? "Keyturn",
      version: options.version ?? version,
      ...(options.revision !== undefined && { revision: options.revision }),
      configSchema:
        options.schema === undefined
          ? configSchemaOf(configKeys)
          : readSchema(options.schema),
      targets:
        options.binary.length === 0
          ? scriptForAll(providerScript)
          : binaries(options.binary),
    };
    await writeArchive(options.out, archiveBytes(content, signing));
    showArchive(options.out, terminal);
  },
});

/** One file for every target: Node.js knows where it is. */
function scriptForAll(file: URL): Map<string, Buffer> {
  const script = readWhole(fileURLToPath(file), "The provider");
  return new Map(
    knownTargets
      .filter((target) => !target.endsWith("-windows"))
      .map((target) => [target, script]),
  );
}

/** @throws KeyturnError `CLI_OPTION_INVALID`, `CLI_FILE_UNREADABLE`, `PAR_INPUT_INVALID` */
function binaries(given: readonly string[]): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const text of given) {
    const [, target, path] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    const next = "Look at what it takes: `keyturn par create --help`.";
    if (target === undefined || path === undefined || found.has(target))
      throw fail(
        "CLI_OPTION_INVALID",
        target === undefined
          ? "The option `--binary` of `keyturn par create` is TARGET=FILE."
          : `The option \`--binary\` of \`keyturn par create\` has the target ${target} twice.`,
        { next },
      );
    if (!knownTargets.includes(target))
      throw fail(
        "CLI_OPTION_INVALID",
        `No host has the target ${target}. There are: ${knownTargets.join(", ")}.`,
        { next },
      );
    const bytes = readWhole(path, "The executable");
    const form = executableForm(bytes);
    if (form.fault !== undefined)
      throw fail(
        "PAR_INPUT_INVALID",
        `No host can start ${path}. ${form.fault}`,
      );
    if (form.target !== undefined && form.target !== target)
      throw fail(
        "PAR_INPUT_INVALID",
        `${path} is meant for ${target}, and it is an ${form.what}.`,
      );
    found.set(target, bytes);
  }
  return found;
}
