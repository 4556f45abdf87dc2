import { join } from "node:path";

import { fail } from "../../errors/nats-errors.js";
import type { Secret } from "../../secret/secret.js";
import { badReference } from "../bad-reference.js";
import type { FileSet } from "../../files/settled-files.js";
import { FileSource } from "../file/file-source.js";
import { readFileSecret } from "../../files/read-file.js";
import { configHome } from "../home.js";
import {
  credentialFrom,
  fieldsToMaterial,
  type Material,
} from "../material.js";
import { nscFiles } from "../nsc/nsc-files.js";
import { nscUser } from "../nsc/nsc-store.js";
import { parseReference } from "../reference.js";
import type { StoreDefinition } from "../store-definition.js";
import { readContext, wipeFields, type ContextFields } from "./read-context.js";

/** The name of the context file among the files; those it names are called as their fields. */
const contextFile = "context";

/** `context:` a context of the `nats` command, by its name, which is only read. */
export const contextStore: StoreDefinition = {
  forms: ["context:orders"],
  parameters: [],
  open({ text, authority, path: name }) {
    // As the command itself takes names.
    if (authority !== "" || name === "" || /[/\\]|\.\./.test(name))
      throw badReference(
        "context",
        "it has no name of a context",
        "Write `context:orders`; `nats context ls` lists them.",
      );
    return new FileSource({
      files: () => filesOf(pathOf(name), text),
      toMaterial: (contents) => toMaterial(contents, name, text),
      make: credentialFrom,
      origin: { source: text, plaintext: false },
    });
  },
};

function pathOf(name: string): string {
  return join(configHome(), "nats", "context", `${name}.json`);
}

/** The context and the files that it names. */
async function filesOf(path: string, where: string): Promise<FileSet> {
  const paths = new Map([[contextFile, path]]);
  for (const [field, value] of await fieldsAt(path, where)) {
    if (value.kind === "file") paths.set(field, value.path);
    if (value.kind !== "nsc") continue;
    const user = nscUser(parseReference(nscReference(value.reference)));
    for (const [name, file] of (await nscFiles(user, where)).paths)
      paths.set(name, file);
  }
  return { paths, folder: undefined };
}

/** Contexts of earlier versions leave the scheme out. */
function nscReference(text: string): string {
  return text.startsWith("nsc://") ? text : `nsc://${text}`;
}

/** Where the fields are from; their values are wiped. */
async function fieldsAt(path: string, where: string): Promise<ContextFields> {
  try {
    const fields = readContext(await readFileSecret(path, where), where);
    wipeFields(fields);
    return fields;
  } catch {
    // What is wrong with it is told when it is used.
    return new Map();
  }
}

function toMaterial(
  contents: ReadonlyMap<string, Secret>,
  name: string,
  where: string,
): Material {
  const context = contents.get(contextFile);
  if (context === undefined)
    throw fail(
      "STORE_ABSENT",
      `There is no context \`${name}\` of the \`nats\` command at \`${pathOf(name)}\`.`,
      { next: "List those there are: `nats context ls`." },
    );
  const fields = new Map<string, Secret>();
  const read = readContext(context, where);
  for (const [field, value] of read)
    if (value.kind === "value") fields.set(field, value.secret);
  for (const [field, secret] of contents)
    if (field !== contextFile) fields.set(field, secret);
  for (const [field, value] of read) {
    if (value.kind === "value" || fields.has(field) || fields.has("jwt"))
      continue;
    wipeFields(read);
    throw fail(
      "STORE_ABSENT",
      value.kind === "file"
        ? `The context ${where} names a file for \`${field}\` that is not there: \`${value.path}\`.`
        : `The context ${where} names a user of \`nsc\` that is not there: \`${value.reference}\`.`,
      {
        next: `Mend the context: \`nats context edit ${name}\`.`,
      },
    );
  }
  return fieldsToMaterial(fields, where);
}
