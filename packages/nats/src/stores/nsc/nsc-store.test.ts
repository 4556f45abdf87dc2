import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { after, test } from "node:test";

import { makeOperator } from "@keyturn/testkit";

import { rejects } from "../../errors/refuses.test.fixture.js";
import { tempFolder } from "../file/file-lab.test.fixture.js";
import { credentialsFrom } from "../registry.js";
import { storeSuite } from "../store-behaviour.test.fixture.js";
import { nscWrites, writeDeep } from "./nsc-lab.test.fixture.js";

const { signal } = new AbortController();
const account = await (await makeOperator()).account("APP");
/** One for all tests of this process. */
const folder = await tempFolder();
process.env["XDG_DATA_HOME"] = folder.path;
process.env["XDG_CONFIG_HOME"] = folder.at("config");
after(() => folder[Symbol.asyncDispose]());
let labs = 0;

storeSuite({
  name: "nsc: JWT of the store, seed of the keystore",
  noticesWithinMs: 3000,
  open: async () => {
    const place = `O/APP/user ${labs++}`;
    const jwt = `nats/nsc/stores/${place.replace("APP/", "accounts/APP/users/")}.jwt`;
    return {
      reference: `nsc://${encodeURI(place)}`,
      put: (user) => nscWrites(folder, place, user),
      corrupt: (bytes) => writeDeep(folder, jwt, bytes),
      remove: () => rm(folder.at(jwt)),
      [Symbol.asyncDispose]: () => rm(folder.at(jwt), { force: true }),
    };
  },
  // There is no user whose seed could be looked for then.
  corruptCode: "STORE_ABSENT",
});

storeSuite({
  name: "nsc: credentials files of the keystore",
  noticesWithinMs: 3000,
  open: async () => {
    const place = `O/APP/creds-${labs++}`;
    const file = `nats/nsc/keys/creds/${place}.creds`;
    return {
      reference: `nsc://${place}`,
      put: ({ creds }) => writeDeep(folder, file, creds),
      corrupt: (bytes) => writeDeep(folder, file, bytes),
      remove: () => rm(folder.at(file)),
      [Symbol.asyncDispose]: () => rm(folder.at(file), { force: true }),
    };
  },
});

void test("folders are found as nsc finds them", async () => {
  const read = async (reference: string): Promise<string | undefined> =>
    (await credentialsFrom(reference).read(signal)).publicKey;
  const user = await account.user("u");
  const seed = `keys/U/${user.publicKey.slice(1, 3)}/${user.publicKey}.nk`;
  const jwt = "O/accounts/A/users/u.jwt";
  await writeDeep(folder, `given/${jwt}`, user.jwt);
  await writeDeep(folder, `given-keys/${seed}`, user.seed);
  // Both given.
  const given = `store=${folder.at("given")}&keystore=${folder.at("given-keys")}`;
  assert.equal(await read(`nsc://O/A/u?${given}`), user.publicKey);
  // What `nsc env --store` has written, and $NKEYS_PATH.
  await writeDeep(
    folder,
    "config/nats/nsc/nsc.json",
    JSON.stringify({ store_root: folder.at("given"), operator: "O" }),
  );
  process.env["NKEYS_PATH"] = folder.at("given-keys");
  try {
    assert.equal(await read("nsc://O/A/u"), user.publicKey);
  } finally {
    delete process.env["NKEYS_PATH"];
    await rm(folder.at("config"), { recursive: true });
  }
});

void test("references that name no user, and users that are not there", async () => {
  for (const reference of [
    "nsc://O/A",
    "nsc://O/A/u/more",
    "nsc:O/A/u",
    "nsc:///A/u",
    "nsc://O//u",
    "nsc://O/A/%5C",
  ])
    await rejects(
      (async () => credentialsFrom(reference).read(signal))(),
      "REFERENCE_INVALID",
      "The credential reference `nsc:` cannot be used: it does not name operator, account and user. Write `nsc://operator/account/user`.",
    );
  await rejects(
    (async () => credentialsFrom("nsc://O/A/nobody").read(signal))(),
    "STORE_ABSENT",
    "The local store of `nsc` has no such user with its seed: nsc://O/A/nobody. Look with `nsc list keys --account A --users`, or make it: `nsc add user --account A nobody`.",
  );
});
