import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import type { Secret } from "../../secret/secret.js";
import { parseJson } from "../../json/index.js";
import type { FileSet } from "../../files/settled-files.js";
import { readFileSecret } from "../../files/read-file.js";
import { configHome, dataHome, expandPath, filled } from "../home.js";

/** A user in the local store of `nsc`. */
export interface NscUser {
  readonly operator: string;
  readonly account: string;
  readonly user: string;
  /** Folder of the operators. Default: where `nsc` has it. */
  readonly store: string | undefined;
  /** Folder of the keys. Default: where `nsc` has it. */
  readonly keystore: string | undefined;
}

/**
 * The files of a user: the JWT in the store with its seed in the keystore, since these are what `nsc`
 * edits; else the credentials file that it has written to the keystore.
 *
 * Layout as of nsc 2: `STORE/operator/accounts/account/users/user.jwt`, `KEYSTORE/keys/U/xx/Uxx….nk`,
 * `KEYSTORE/creds/operator/account/user.creds`.
 */
export async function nscFiles(at: NscUser, where: string): Promise<FileSet> {
  const { operator, account, user } = at;
  const store = at.store ?? (await defaultStore());
  const keystore = at.keystore ?? defaultKeystore();
  const users = join(store, operator, "accounts", account, "users");
  const jwt = join(users, `${user}.jwt`);
  const subject = await subjectOf(jwt, where);
  const seed =
    subject === undefined
      ? undefined
      : join(keystore, "keys", "U", subject.slice(1, 3), `${subject}.nk`);
  const paths =
    seed !== undefined && existsSync(seed)
      ? { jwt, seed }
      : { creds: join(keystore, "creds", operator, account, `${user}.creds`) };
  return { paths: new Map(Object.entries(paths)), folder: undefined };
}

/** The public key of the user; undefined if there is no such JWT, or none that can be read. */
async function subjectOf(
  path: string,
  where: string,
): Promise<string | undefined> {
  let jwt: Secret | undefined;
  try {
    jwt = await readFileSecret(path, where);
    const claims = jwt.use((bytes) => {
      const [, body] = Buffer.from(bytes).toString("latin1").split(".");
      return parseJson(Buffer.from(body ?? "", "base64url"));
    });
    const { sub } = claims as { readonly sub?: unknown };
    return typeof sub === "string" && /^U[A-Z2-7]{55}$/.test(sub)
      ? sub
      : undefined;
  } catch {
    return undefined;
  } finally {
    jwt?.wipe();
  }
}

async function defaultStore(): Promise<string> {
  const folders = [join(configHome(), "nats", "nsc"), join(homedir(), ".nsc")];
  for (const folder of folders) {
    const root = await storeRoot(join(folder, "nsc.json"));
    if (root !== undefined) return root;
  }
  return home("stores", join(homedir(), ".nsc", "nats"));
}

/** What `nsc env -s` has set. */
async function storeRoot(path: string): Promise<string | undefined> {
  try {
    const text = await readFileSecret(path, path);
    const config = text.use((bytes) => parseJson(bytes));
    const { store_root: root } = config as { readonly store_root?: unknown };
    return typeof root === "string" ? filled(expandPath(root)) : undefined;
  } catch {
    return undefined;
  }
}

function defaultKeystore(): string {
  return (
    filled(process.env["NKEYS_PATH"]) ?? home("keys", join(homedir(), ".nkeys"))
  );
}

/** Where `nsc` has a folder since version 2.2, if the earlier one is not all there is. */
function home(name: string, earlier: string): string {
  const folder = join(dataHome(), "nats", "nsc", name);
  return !existsSync(folder) && existsSync(earlier) ? earlier : folder;
}
