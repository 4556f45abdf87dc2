import { fail } from "../../errors/nats-errors.js";
import { badReference } from "../bad-reference.js";
import { FileSource } from "../file/file-source.js";
import { fieldsToMaterial, fieldNames, type Maker } from "../material.js";
import type { Reference } from "../reference.js";
import { openStore, type StoreDefinition } from "../store-definition.js";
import { valueToMaterial } from "../value.js";

/** What the one is called that has all of it. */
const whole = "whole";

const folderVariable = "CREDENTIALS_DIRECTORY";

/**
 * `systemd:` a credential that systemd gives a service (`LoadCredential=`, `LoadCredentialEncrypted=`,
 * `SetCredentialEncrypted=`): a whole one (a `.creds` text, or JSON with its fields), or one for each field.
 */
export const systemdStore: StoreDefinition = openStore({
  forms: ["systemd:nats.creds", "systemd:?jwt=nats.jwt&seed=nats.seed"],
  parameters: fieldNames,
  openAs<T>({ text, authority, path, parameters }: Reference, make: Maker<T>) {
    if (authority !== "" || (path !== "") === parameters.size > 0)
      throw badReference(
        "systemd",
        "it names no credential, or one in two ways",
        "Write `systemd:nats.creds`, or `systemd:?jwt=nats.jwt&seed=nats.seed`.",
      );
    const names = path === "" ? parameters : new Map([[whole, path]]);
    for (const name of names.values())
      if (name === "" || name === "." || name === ".." || name.includes("/"))
        throw badReference(
          "systemd",
          "one of its names is no name of a credential",
          "Write what stands before `:` in `LoadCredential=`, without `/`.",
        );
    return new FileSource({
      files: () => {
        const folder = process.env[folderVariable];
        if (folder === undefined || folder === "")
          throw fail(
            "STORE_UNREADABLE",
            `There are no credentials of systemd for ${text}: \`$${folderVariable}\` is not set.`,
            {
              next: `Start this process as a service of systemd, with \`LoadCredential=${[...names.values()][0]}:/path\`.`,
            },
          );
        return { paths: names, folder };
      },
      toMaterial: (contents) => {
        const value = contents.get(whole);
        if (value !== undefined) return valueToMaterial(value, text);
        if (contents.size > 0) return fieldsToMaterial(contents, text);
        throw fail(
          "STORE_ABSENT",
          `Systemd gave this process no credential for ${text}.`,
          {
            next: `Give it to the service: \`LoadCredential=${[...names.values()][0]}:/path\`.`,
          },
        );
      },
      make,
      origin: { source: text, plaintext: false },
    });
  },
});
