import { stat } from "node:fs/promises";

import { fail } from "../../errors/nats-errors.js";
import { defaultPollMs, type FileSet } from "../../files/settled-files.js";
import type { Secret } from "../../secret/secret.js";
import { badReference, secondsOf } from "../bad-reference.js";
import {
  fieldNames,
  fieldsToMaterial,
  type Maker,
  type Material,
} from "../material.js";
import type { Reference } from "../reference.js";
import { openStore, type StoreDefinition } from "../store-definition.js";
import { valueToMaterial } from "../value.js";
import { FileSource } from "./file-source.js";

/**
 * `file:` a file with a credential (`.creds`, or JSON with its fields), or a folder with a file for each field of a credential: `jwt` and `seed` (or
 * files of other names, given as parameters), `nkey_seed`, `user` and `password`, `token`.
 */
export const fileStore: StoreDefinition = openStore({
  forms: [
    "file:///run/secrets/nats.creds",
    "file:///run/secrets/nats",
    "file:///run/secrets/nats?jwt=user.jwt&seed=user.nk",
  ],
  parameters: ["jwt", "seed", "poll"],
  openAs<T>(reference: Reference, make: Maker<T>) {
    const { text, authority, path, parameters } = reference;
    if (authority !== "")
      throw badReference(
        "file",
        `it has \`${authority}\` where a host would stand`,
        `Write \`file:///${authority}${path}\`.`,
      );
    if (!path.startsWith("/"))
      throw badReference(
        "file",
        "its path is not absolute",
        `Write \`file:///${path}\`.`,
      );
    const names = fileNames(reference);
    return new FileSource({
      files: () => filesAt(path, names),
      toMaterial: (contents) =>
        toMaterial(contents, text, [...(names?.values() ?? fieldNames)]),
      make,
      origin: { source: text, plaintext: false },
      pollMs:
        secondsOf("file", "poll", parameters.get("poll")) ?? defaultPollMs,
    });
  },
});

/** What the one file is called that has all of a credential. */
const whole = "whole";

async function filesAt(
  path: string,
  names: ReadonlyMap<string, string> | undefined,
): Promise<FileSet> {
  if (names !== undefined) return { paths: names, folder: path };
  return (await isFolder(path))
    ? { paths: new Map(fieldNames.map((name) => [name, name])), folder: path }
    : { paths: new Map([[whole, path]]), folder: undefined };
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function toMaterial(
  contents: ReadonlyMap<string, Secret>,
  where: string,
  names: readonly string[],
): Material {
  const value = contents.get(whole);
  if (value !== undefined) return valueToMaterial(value, where);
  if (contents.size > 0) return fieldsToMaterial(contents, where);
  throw fail(
    "STORE_ABSENT",
    `There is no file for ${where}, nor one of ${names.map((name) => `\`${name}\``).join(", ")} below it.`,
  );
}

/** Names of the two files, if they are given. */
function fileNames({
  parameters,
}: Reference): ReadonlyMap<string, string> | undefined {
  const jwt = parameters.get("jwt");
  const seed = parameters.get("seed");
  if (jwt === undefined && seed === undefined) return undefined;
  if (jwt === undefined || seed === undefined)
    throw badReference(
      "file",
      `it names a file for ${jwt === undefined ? "`seed` and none for `jwt`" : "`jwt` and none for `seed`"}`,
      "Give both names: `?jwt=user.jwt&seed=user.nk`.",
    );
  for (const name of [jwt, seed])
    if (name.split("/").some((part) => part === "" || /^\.\.?$/.test(part)))
      throw badReference(
        "file",
        "one of its names of files leads out of its folder",
        "Name the folder that has both files, and the files below it: `file:///run?jwt=a/user.jwt&seed=b/user.nk`.",
      );
  return new Map([
    ["jwt", jwt],
    ["seed", seed],
  ]);
}
