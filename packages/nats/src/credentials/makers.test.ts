import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import { makeOperator } from "@keyturn/testkit";
import { fromSeed } from "@nats-io/nkeys";

import { refuses } from "../errors/refuses.test.fixture.js";
import { Secret } from "../secret/secret.js";
import type { Credential } from "./credential.js";
import {
  credsCredential,
  nkeyCredential,
  noCredential,
  passwordCredential,
  tokenCredential,
  userJwtCredential,
} from "./makers.js";

const origin = {
  source: "link secrets `client_jwt`, `client_seed`",
  plaintext: false,
};
const operator = await makeOperator();
const account = await operator.account("APP");
const user = await account.user("orders");

function pair(jwt: string, seed: string): Credential {
  return userJwtCredential({ jwt, seed, origin });
}

void test("a user JWT with its seed", () => {
  const credential = pair(user.jwt, user.seed);
  assert.equal(credential.kind, "user-jwt");
  assert.equal(credential.publicKey, user.publicKey);
  assert.equal(credential.account, account.publicKey);
  assert.equal(credential.name, "orders");
  assert.equal(credential.expiresAt, undefined);
  credential.assertUsable();
});

void test("the signature is the one of the nkeys package", () => {
  const answer = pair(user.jwt, user.seed).authenticator()("nonce");
  const peer = fromSeed(Buffer.from(user.seed)).sign(Buffer.from("nonce"));
  assert.deepEqual(answer, {
    jwt: user.jwt,
    sig: Buffer.from(peer).toString("base64url"),
  });
});

void test("text, bytes and Secret are taken alike, and the caller's Secret stays whole", () => {
  const seed = Secret.fromText(user.seed);
  const fromSecret = userJwtCredential({
    jwt: Secret.fromText(user.jwt),
    seed,
    origin,
  });
  const fromBytes = userJwtCredential({
    jwt: Buffer.from(user.jwt),
    seed: Buffer.from(user.seed),
    origin,
  });
  assert.equal(fromSecret.fingerprint, fromBytes.fingerprint);
  assert.equal(fromSecret.fingerprint, pair(user.jwt, user.seed).fingerprint);
  assert.equal(seed.wiped, false);
  assert.equal(seed.revealText(), user.seed);
});

void test("what people paste around it does not matter", () => {
  for (const wrap of [
    (t: string) => `${t}\n`,
    (t: string) => `  ${t}\r\n`,
    (t: string) => `\uFEFF${t}`,
  ]) {
    assert.equal(
      pair(wrap(user.jwt), wrap(user.seed)).publicKey,
      user.publicKey,
    );
  }
});

void test("once expired, a credential presents nothing", async () => {
  const short = await account.user("short", { expiresInSeconds: 2 });
  const credential = pair(short.jwt, short.seed);
  const authenticator = credential.authenticator();
  assert.notEqual(authenticator("nonce"), undefined);
  const expiry = credential.expiresAt as Date;
  // What is presented in the last moment would get there too late.
  const last = new Date(expiry.getTime() - 100);
  assert.throws(() => credential.assertUsable(last), {
    code: "CREDENTIAL_EXPIRED",
  });
  credential.assertUsable(new Date(last.getTime() - 1));
});

void test("a wiped credential presents nothing and does not throw", () => {
  const credential = pair(user.jwt, user.seed);
  const authenticator = credential.authenticator();
  credential.wipe();
  credential.wipe();
  assert.equal(authenticator("nonce"), undefined);
  assert.throws(() => credential.assertUsable(), { code: "SECRET_WIPED" });
});

void test("a bearer JWT needs no seed", async () => {
  const bearer = await account.user("bearer", {
    claims: { bearer_token: true },
  });
  const text = bearer.creds.slice(0, bearer.creds.indexOf("\n\n"));
  for (const credential of [
    credsCredential(text, origin),
    userJwtCredential({ jwt: bearer.jwt, seed: undefined, origin }),
  ])
    assert.deepEqual(credential.authenticator()("nonce"), { jwt: bearer.jwt });
});

void test("nkey, password, token, none", () => {
  assert.equal(
    nkeyCredential({ seed: user.seed, origin }).publicKey,
    user.publicKey,
  );
  const password = passwordCredential({
    user: "app",
    password: "pass word",
    origin,
  });
  assert.deepEqual(password.authenticator()(""), {
    user: "app",
    pass: "pass word",
  });
  assert.deepEqual(
    tokenCredential({ token: "t", origin }).authenticator()(""),
    { auth_token: "t" },
  );
  assert.equal(noCredential().authenticator()("nonce"), undefined);
  assert.deepEqual(
    tokenCredential({ token: " t\r\n", origin }).authenticator()(""),
    { auth_token: " t" },
  );
  refuses(
    () => passwordCredential({ user: "a", password: Buffer.of(0xff), origin }),
    "CREDENTIAL_NOT_TEXT",
    `The password from ${origin.source} is not UTF-8 text. Store it as text.`,
  );
  refuses(
    () => passwordCredential({ user: "", password: "x", origin }),
    "CREDENTIAL_EMPTY",
    `The user name from ${origin.source} is empty. Give it a value, or leave it out.`,
  );
  refuses(
    () => tokenCredential({ token: "", origin }),
    "CREDENTIAL_EMPTY",
    `The token from ${origin.source} is empty. Give it a value, or leave it out.`,
  );
});

void test("fingerprints differ exactly if credentials do", () => {
  const make = (password: string): string =>
    passwordCredential({ user: "app", password, origin }).fingerprint;
  assert.equal(make("a"), make("a"));
  assert.notEqual(make("a"), make("b"));
  assert.notEqual(
    passwordCredential({ user: "a", password: "b", origin }).fingerprint,
    make("b"),
  );
  assert.notEqual(noCredential().fingerprint, make("a"));
  assert.notEqual(
    passwordCredential({ user: "a\0b", password: "c", origin }).fingerprint,
    passwordCredential({ user: "a", password: "b\0c", origin }).fingerprint,
  );
});

void test("no way of printing shows a secret", () => {
  for (const credential of [
    pair(user.jwt, user.seed),
    passwordCredential({ user: "app", password: "canary-password", origin }),
    tokenCredential({ token: "canary-token", origin }),
    nkeyCredential({ seed: user.seed, origin }),
  ]) {
    const shown = [
      inspect(credential, { depth: 9, showHidden: true }),
      JSON.stringify(credential),
      String(credential),
      inspect(Object.entries(credential), { depth: 9 }),
      inspect(Object.getOwnPropertyDescriptors(credential), { depth: 9 }),
    ].join("\n");
    for (const canary of [
      user.seed,
      user.seed.slice(4, 20),
      user.jwt,
      "canary",
    ]) {
      assert.equal(
        shown.includes(canary),
        false,
        `${credential.kind}: ${canary.slice(0, 6)}…`,
      );
    }
  }
});
