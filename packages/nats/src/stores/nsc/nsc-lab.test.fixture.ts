import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

import type { TestUser } from "@keyturn/testkit";

import type { TempFolder } from "../file/file-lab.test.fixture.js";

/** Writes a file of any depth. */
export async function writeDeep(
  folder: TempFolder,
  name: string,
  content: string | Uint8Array,
): Promise<void> {
  await mkdir(dirname(folder.at(name)), { recursive: true });
  await folder.write(name, content);
}

/** What `nsc add user` leaves behind, below the data folder. */
export async function nscWrites(
  folder: TempFolder,
  place: string,
  { jwt, seed, publicKey }: TestUser,
): Promise<void> {
  const [operator, account, user] = place.split("/");
  const shard = publicKey.slice(1, 3);
  await writeDeep(
    folder,
    `nats/nsc/keys/keys/U/${shard}/${publicKey}.nk`,
    seed,
  );
  await writeDeep(
    folder,
    `nats/nsc/stores/${operator}/accounts/${account}/users/${user}.jwt`,
    jwt,
  );
}
