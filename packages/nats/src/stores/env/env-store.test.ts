import assert from "node:assert/strict";
import { test } from "node:test";

import { makeOperator } from "@keyturn/testkit";

import { rejects } from "../../errors/refuses.test.fixture.js";
import { credentialsFrom } from "../registry.js";
import { storeSuite } from "../store-behaviour.test.fixture.js";

const { signal } = new AbortController();
const account = await (await makeOperator()).account("APP");
let labs = 0;

/** A variable cannot hold a NUL. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1").replaceAll("\0", "");
}

storeSuite({
  name: "env: one variable",
  plaintext: true,
  hasVersions: false,
  noticesWithinMs: undefined,
  open: async () => {
    const name = `KEYTURN_TEST_${labs++}`;
    const remove = (): void => void delete process.env[name];
    return {
      reference: `env:${name}`,
      put: ({ creds }) => void (process.env[name] = creds),
      corrupt: (bytes) => void (process.env[name] = textOf(bytes)),
      remove,
      [Symbol.asyncDispose]: async () => remove(),
    };
  },
});

storeSuite({
  name: "env: two variables",
  plaintext: true,
  hasVersions: false,
  noticesWithinMs: undefined,
  open: async () => {
    const [jwt, seed] = [`KEYTURN_JWT_${labs}`, `KEYTURN_SEED_${labs++}`];
    const remove = (): void => {
      delete process.env[jwt];
      delete process.env[seed];
    };
    return {
      reference: `env:?jwt=${jwt}&seed=${seed}`,
      put: (user) => {
        process.env[jwt] = user.jwt;
        process.env[seed] = user.seed;
      },
      putHalf: (user) => void (process.env[jwt] = user.jwt),
      corrupt: (bytes) => {
        process.env[jwt] = textOf(bytes);
        process.env[seed] = textOf(bytes);
      },
      remove,
      [Symbol.asyncDispose]: async () => remove(),
    };
  },
});

void test("variables are removed once they are read, and what they held is kept for all who ask", async () => {
  process.env["KEYTURN_USER"] = "app";
  process.env["KEYTURN_PASSWORD"] = "pw";
  const reference =
    "env:?user=KEYTURN_USER&password=KEYTURN_PASSWORD&remove=true&secret=true";
  const source = credentialsFrom(reference);
  const credential = await source.read(signal);
  assert.deepEqual(
    [credential.name, credential.origin.plaintext],
    ["app", false],
  );
  assert.equal(process.env["KEYTURN_USER"], undefined);
  assert.equal(process.env["KEYTURN_PASSWORD"], undefined);
  assert.equal(await source.read(signal), credential);
  assert.equal(await credentialsFrom(reference).read(signal), credential);
  // Whoever sets them again means them.
  process.env["KEYTURN_USER"] = "other";
  process.env["KEYTURN_PASSWORD"] = "pw2";
  assert.equal((await source.read(signal)).name, "other");
});

void test("variables that are not read well stay", async () => {
  process.env["KEYTURN_HALF"] = (await account.user("u")).seed;
  const source = credentialsFrom("env:?seed=KEYTURN_HALF&remove=true");
  await rejects(
    (async () => source.read(signal))(),
    "CREDENTIAL_HALF_PAIR",
    "What env:?seed=KEYTURN_HALF&remove=true has is half a credential: `seed` without `jwt`. Put both of them there.",
  );
  assert.ok(process.env["KEYTURN_HALF"]);
  delete process.env["KEYTURN_HALF"];
});

void test("references that name no variable, and variables that are not set", async () => {
  const cases: [string, string, string][] = [
    [
      "env:",
      "REFERENCE_INVALID",
      "The credential reference `env:` cannot be used: it names no variable. Write `env:NATS_CREDS`, without `//`.",
    ],
    [
      "env://NATS_CREDS",
      "REFERENCE_INVALID",
      "The credential reference `env:` cannot be used: it names no variable. Write `env:NATS_CREDS`, without `//`.",
    ],
    [
      "env:A?jwt=B",
      "REFERENCE_INVALID",
      "The credential reference `env:` cannot be used: it names a variable before `?`, and others behind it. Write `env:NATS_CREDS`, or `env:?jwt=NATS_JWT&seed=NATS_SEED`.",
    ],
    [
      "env:NATS-CREDS",
      "REFERENCE_INVALID",
      "The credential reference `env:` cannot be used: one of its names is no name of a variable. Write letters, digits and `_`: `env:NATS_CREDS`.",
    ],
    [
      "env:A?secret=yes",
      "REFERENCE_INVALID",
      "The credential reference `env:` cannot be used: `secret` is neither `true` nor `false`. Write `?secret=true`, or leave it out.",
    ],
    [
      "env:?jwt=KEYTURN_NOT_SET&seed=KEYTURN_NOR_THIS",
      "STORE_ABSENT",
      "For env:?jwt=KEYTURN_NOT_SET&seed=KEYTURN_NOR_THIS no variable is set: `KEYTURN_NOT_SET`, `KEYTURN_NOR_THIS`. Set it before this process starts, or correct the reference.",
    ],
  ];
  for (const [reference, code, message] of cases)
    await rejects(
      (async () => credentialsFrom(reference).read(signal))(),
      code,
      message,
    );
});
