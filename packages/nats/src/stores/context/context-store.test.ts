import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { after, test } from "node:test";

import { makeOperator } from "@keyturn/testkit";

import type { Credential } from "../../credentials/credential.js";
import { rejects } from "../../errors/refuses.test.fixture.js";
import { tempFolder } from "../file/file-lab.test.fixture.js";
import { nscWrites, writeDeep } from "../nsc/nsc-lab.test.fixture.js";
import { credentialsFrom } from "../registry.js";
import { storeSuite, type StoreLab } from "../store-behaviour.test.fixture.js";

const { signal } = new AbortController();
const account = await (await makeOperator()).account("APP");
/** One for all tests of this process. */
const folder = await tempFolder();
process.env["XDG_DATA_HOME"] = folder.path;
process.env["XDG_CONFIG_HOME"] = folder.path;
after(() => folder[Symbol.asyncDispose]());
let labs = 0;

/** All that the command writes, most of it empty. */
function context(fields: Readonly<Record<string, string>>): string {
  const empty = {
    description: "",
    url: "nats://127.0.0.1:4222",
    token: "",
    user: "",
    password: "",
    creds: "",
    nkey: "",
    nsc: "",
    user_jwt: "",
    user_seed: "",
    tls_first: false,
    windows_ca_certs_match: null,
  };
  return JSON.stringify({ ...empty, ...fields }, undefined, "  ");
}

function lab(
  put: (
    name: string,
    user: Awaited<ReturnType<typeof account.user>>,
  ) => Promise<Readonly<Record<string, string>>>,
): () => Promise<StoreLab> {
  return async () => {
    const name = `context.${labs++}`;
    const file = `nats/context/${name}.json`;
    return {
      reference: `context:${name}`,
      put: async (user) =>
        writeDeep(folder, file, context(await put(name, user))),
      corrupt: (bytes) => writeDeep(folder, file, bytes),
      remove: () => rm(folder.at(file)),
      [Symbol.asyncDispose]: () => rm(folder.at(file), { force: true }),
    };
  };
}

storeSuite({
  name: "context: with JWT and seed",
  noticesWithinMs: 3000,
  open: lab(async (_, { jwt, seed }) => ({ user_jwt: jwt, user_seed: seed })),
  corruptCode: "STORE_VALUE_INVALID",
});

storeSuite({
  name: "context: with a credentials file",
  noticesWithinMs: 3000,
  open: lab(async (name, { creds }) => {
    await writeDeep(folder, `${name}.creds`, creds);
    return { creds: folder.at(`${name}.creds`) };
  }),
  corruptCode: "STORE_VALUE_INVALID",
});

async function read(
  fields: Readonly<Record<string, string>>,
): Promise<Credential> {
  await writeDeep(folder, "nats/context/one.json", context(fields));
  return credentialsFrom("context:one").read(signal);
}

void test("every kind of credential that a context can hold", async () => {
  const user = await account.user("u");
  const bearer = await account.user("b", { claims: { bearer_token: true } });
  await folder.write("u.creds", user.creds);
  await folder.write("u.jwt", user.jwt);
  await folder.write("u.nk", `${user.seed}\n`);
  await nscWrites(folder, "O/APP/u", user);
  process.env["KEYTURN_TEST_HOME"] = folder.path;
  process.env["KEYTURN_TEST_TOKEN"] = "t";
  const data = `data:;base64,${Buffer.from(user.creds).toString("base64")}`;
  const cases: [
    Readonly<Record<string, string>>,
    string,
    string | undefined,
  ][] = [
    [{ creds: folder.at("u.creds") }, "user-jwt", user.publicKey],
    [{ creds: "$KEYTURN_TEST_HOME/u.creds" }, "user-jwt", user.publicKey],
    [{ creds: `file://${folder.at("u.creds")}` }, "user-jwt", user.publicKey],
    [{ creds: data }, "user-jwt", user.publicKey],
    [{ creds: "nsc://O/APP/u" }, "user-jwt", user.publicKey],
    [{ nsc: "nsc://O/APP/u" }, "user-jwt", user.publicKey],
    [{ nsc: "O/APP/u" }, "user-jwt", user.publicKey],
    [{ nkey: folder.at("u.nk") }, "nkey", user.publicKey],
    [{ user_jwt: user.jwt, user_seed: user.seed }, "user-jwt", user.publicKey],
    [
      { user_jwt: folder.at("u.jwt"), user_seed: folder.at("u.nk") },
      "user-jwt",
      user.publicKey,
    ],
    [{ user_jwt: bearer.jwt }, "user-jwt", bearer.publicKey],
    [{ user: "app", password: "pw" }, "user-password", undefined],
    [{ user: "app" }, "user-password", undefined],
    [{ token: "t" }, "token", undefined],
    [{ token: "env://KEYTURN_TEST_TOKEN" }, "token", undefined],
  ];
  for (const [fields, kind, publicKey] of cases) {
    const credential = await read(fields);
    assert.deepEqual(
      [credential.kind, credential.publicKey, credential.origin.source],
      [kind, publicKey, "context:one"],
      JSON.stringify(Object.keys(fields)),
    );
  }
});

void test("contexts that are not there or cannot be used", async () => {
  const refused = (
    work: Promise<unknown>,
    code: string,
    message: string,
  ): Promise<void> => rejects(work, code, message);
  for (const reference of ["context:", "context:a/b", "context:..a"])
    await refused(
      (async () => credentialsFrom(reference).read(signal))(),
      "REFERENCE_INVALID",
      "The credential reference `context:` cannot be used: it has no name of a context. Write `context:orders`; `nats context ls` lists them.",
    );
  await refused(
    (async () => credentialsFrom("context:nobody").read(signal))(),
    "STORE_ABSENT",
    `There is no context \`nobody\` of the \`nats\` command at \`${folder.at("nats/context/nobody.json")}\`. List those there are: \`nats context ls\`.`,
  );
  const cases: [Readonly<Record<string, string>>, string, string][] = [
    [
      {},
      "STORE_VALUE_INVALID",
      "What context:one has is no credential: it has no fields. Put the text of a `.creds` file there, or fields `jwt` and `seed`.",
    ],
    [
      { creds: "/no/such.creds" },
      "STORE_ABSENT",
      "The context context:one names a file for `creds` that is not there: `/no/such.creds`. Mend the context: `nats context edit one`.",
    ],
    [
      { nsc: "nsc://O/APP/nobody" },
      "STORE_ABSENT",
      "The context context:one names a user of `nsc` that is not there: `nsc://O/APP/nobody`. Mend the context: `nats context edit one`.",
    ],
    [
      { creds: "op://vault/nats/creds" },
      "STORE_VALUE_INVALID",
      'The context context:one has `creds` in a password manager, which is not asked from here. Ask its own program: `exec:/usr/bin/op?args=["read","op://…"]`.',
    ],
    [
      { token: "env://KEYTURN_NOT_SET" },
      "STORE_ABSENT",
      "The context context:one refers to a variable that is not set: `KEYTURN_NOT_SET`. Set it before this process starts.",
    ],
    [
      { creds: "data:,x" },
      "STORE_VALUE_INVALID",
      "The context context:one has `creds` as `data:` without `;base64,`. Write it as `data:;base64,…`.",
    ],
    [
      { creds: "data:;base64,x" },
      "STORE_VALUE_INVALID",
      "The context context:one has `creds` as `data:` that is no base64. Write it as `data:;base64,…`, with padding.",
    ],
    [
      { nkey: (await account.user("u")).seed },
      "STORE_VALUE_INVALID",
      "The context context:one has a seed itself as `nkey`, where a file is to be named. Name the file, or write it as `data:;base64,…`.",
    ],
    [
      { creds: (await account.user("u")).creds },
      "STORE_VALUE_INVALID",
      "The context context:one has a whole credentials file itself as `creds`, where a file is to be named. Name the file, or write it as `data:;base64,…`.",
    ],
    [
      { token: "t", user: "u" },
      "STORE_VALUE_INVALID",
      "What context:one has is no credential: it has credentials of several kinds: `user`, `password`, `token`. Put the text of a `.creds` file there, or fields `jwt` and `seed`.",
    ],
  ];
  for (const [fields, code, message] of cases)
    await refused(read(fields), code, message);
});
