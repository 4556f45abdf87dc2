import assert from "node:assert/strict";
import { test } from "node:test";

import { makeOperator } from "@keyturn/testkit";

import { refuses } from "../errors/refuses.test.fixture.js";
import { Secret } from "../secret/secret.js";
import { credentialFrom, fieldsToMaterial } from "./material.js";

const origin = { source: "the test's store", plaintext: false };
const account = await (await makeOperator()).account("APP");
const user = await account.user("u");
const bearer = await account.user("b", { claims: { bearer_token: true } });

function fields(values: Record<string, string>): Map<string, Secret> {
  return new Map(
    Object.entries(values).map(([name, text]) => [name, Secret.fromText(text)]),
  );
}

test("every kind of credential, by either name; nothing stays unwiped", () => {
  const cases: [Record<string, string>, string][] = [
    [{ jwt: user.jwt, seed: user.seed }, "user-jwt"],
    [{ client_jwt: user.jwt, client_seed: user.seed }, "user-jwt"],
    [{ jwt: bearer.jwt }, "user-jwt"],
    [{ creds: user.creds, note: "by us" }, "user-jwt"],
    [{ client_creds: user.creds }, "user-jwt"],
    [{ nkey_seed: user.seed }, "nkey"],
    [{ user: "me\n", password: "pw" }, "user-password"],
    [{ username: "me", password: "pw" }, "user-password"],
    [{ token: "t" }, "token"],
  ];
  for (const [values, kind] of cases) {
    const given = fields(values);
    const credential = credentialFrom(
      fieldsToMaterial(given, "the test's store"),
      origin,
    );
    assert.equal(credential.kind, kind);
    if (kind === "user-password") assert.equal(credential.name, "me");
    for (const [name, secret] of given) assert.ok(secret.wiped, name);
  }
});

test("the store's end counts where it is earlier", async () => {
  const soon = new Date(Date.now() + 60_000);
  const short = await account.user("s", { expiresInSeconds: 30 });
  const ends = (values: Record<string, string>): number | undefined =>
    credentialFrom(
      fieldsToMaterial(fields(values), "it"),
      origin,
      soon,
    ).expiresAt?.getTime();
  assert.equal(ends({ jwt: user.jwt, seed: user.seed }), soon.getTime());
  assert.equal(ends({ nkey_seed: user.seed }), soon.getTime());
  assert.equal(ends({ token: "t" }), soon.getTime());
  assert.equal(ends({ user: "u", password: "p" }), soon.getTime());
  assert.ok((ends({ creds: short.creds }) ?? Infinity) < soon.getTime());
});

test("fields that are no credential, and nothing of them stays", () => {
  const cases: [Record<string, string>, string, string][] = [
    [
      {},
      "STORE_VALUE_INVALID",
      "What the test's store has is no credential: it has no fields. Put the text of a `.creds` file there, or fields `jwt` and `seed`.",
    ],
    [
      { note: "x" },
      "STORE_VALUE_INVALID",
      "What the test's store has is no credential: none of its fields is a part of one. Put the text of a `.creds` file there, or fields `jwt` and `seed`.",
    ],
    [
      { passwort: "x" },
      "STORE_VALUE_INVALID",
      "What the test's store has is no credential: none of its fields is a part of one. Call the field `password`.",
    ],
    [
      { seed: user.seed },
      "CREDENTIAL_HALF_PAIR",
      "What the test's store has is half a credential: `seed` without `jwt`. Put both of them there.",
    ],
    [
      { client_seed: user.seed },
      "CREDENTIAL_HALF_PAIR",
      "What the test's store has is half a credential: `client_seed` without `client_jwt`. Put both of them there.",
    ],
    [
      { user: "me" },
      "CREDENTIAL_HALF_PAIR",
      "What the test's store has is half a credential: `user` without `password`. Put both of them there.",
    ],
    [
      { password: "pw" },
      "CREDENTIAL_HALF_PAIR",
      "What the test's store has is half a credential: `password` without `user`. Put both of them there.",
    ],
    [
      { token: "t", creds: user.creds },
      "STORE_VALUE_INVALID",
      "What the test's store has is no credential: it has credentials of several kinds: `creds`, `token`. Put the text of a `.creds` file there, or fields `jwt` and `seed`.",
    ],
    [
      { jwt: user.jwt, client_jwt: user.jwt },
      "STORE_VALUE_INVALID",
      "What the test's store has is no credential: it has both `jwt`, `client_jwt`. Put the text of a `.creds` file there, or fields `jwt` and `seed`.",
    ],
  ];
  for (const [values, code, message] of cases) {
    const given = fields(values);
    refuses(() => fieldsToMaterial(given, "the test's store"), code, message);
    for (const [name, secret] of given) assert.ok(secret.wiped, name);
  }
  refuses(
    () =>
      credentialFrom(fieldsToMaterial(fields({ jwt: user.jwt }), "it"), origin),
    "CREDENTIAL_HALF_PAIR",
    "The user JWT from the test's store has no seed with it, and is no bearer token. Put the user JWT and its seed into the same source, both of them.",
  );
  const binary = Secret.fromBytes(Uint8Array.of(0xff));
  refuses(
    () =>
      fieldsToMaterial(
        new Map([...fields({ password: "p" }), ["user", binary]]),
        "the test's store",
      ),
    "CREDENTIAL_NOT_TEXT",
    "The user name from the test's store is not UTF-8 text. Store it as text.",
  );
});
