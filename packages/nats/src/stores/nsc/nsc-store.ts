import { fail } from "../../errors/nats-errors.js";
import { badReference } from "../bad-reference.js";
import { FileSource } from "../file/file-source.js";
import { expandPath } from "../home.js";
import { credentialFrom, fieldsToMaterial } from "../material.js";
import type { Reference } from "../reference.js";
import type { StoreDefinition } from "../store-definition.js";
import { nscFiles, type NscUser } from "./nsc-files.js";

/** `nsc:` a user in the local store of `nsc`, which is only read. */
export const nscStore: StoreDefinition = {
  forms: ["nsc://operator/account/user"],
  parameters: ["store", "keystore"],
  open(reference) {
    const user = nscUser(reference);
    const { text } = reference;
    return new FileSource({
      files: () => nscFiles(user, text),
      toMaterial: (contents) => {
        if (contents.size > 0) return fieldsToMaterial(contents, text);
        throw fail(
          "STORE_ABSENT",
          `The local store of \`nsc\` has no such user with its seed: ${text}.`,
          {
            next: `Look with \`nsc list keys --account ${user.account} --users\`, or make it: \`nsc add user --account ${user.account} ${user.user}\`.`,
          },
        );
      },
      make: credentialFrom,
      origin: { source: text, plaintext: false },
    });
  },
};

/** @throws KeyturnError `REFERENCE_INVALID` */
export function nscUser({ authority, path, parameters }: Reference): NscUser {
  const [account, user, ...more] = path.split("/").slice(1);
  const names = [authority, account, user];
  if (
    more.length > 0 ||
    names.some(
      (name) =>
        name === undefined || !/^[^/\\]+$/.test(name) || /^\.\.?$/.test(name),
    )
  )
    throw badReference(
      "nsc",
      "it does not name operator, account and user",
      "Write `nsc://operator/account/user`.",
    );
  const folder = (name: string): string | undefined => {
    const value = parameters.get(name);
    return value === undefined ? undefined : expandPath(value);
  };
  return {
    operator: authority,
    account: account ?? "",
    user: user ?? "",
    store: folder("store"),
    keystore: folder("keystore"),
  };
}
