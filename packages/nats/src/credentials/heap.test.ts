import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";

import { signedJwt } from "@keyturn/testkit";
import { createAccount, createUser } from "@nats-io/nkeys";

import { heapHolds } from "./heap.test.fixture.js";
import { Secret } from "../secret/secret.js";
import {
  credsCredential,
  nkeyCredential,
  userJwtCredential,
} from "./makers.js";

test("a seed that came as bytes is in no heap snapshot, a string is", async () => {
  const kept = `kept-${randomBytes(16).toString("hex")}`;
  const origin = { source: "this test", plaintext: false };
  const users = [userBytes(), userBytes(), userBytes(), userBytes()] as const;
  const credentials = [
    userJwtCredential({ jwt: users[0].jwt, seed: users[0].seed, origin }),
    nkeyCredential({ seed: Secret.fromBytes(users[1].seed), origin }),
    credsCredential(users[2].creds, origin),
  ];
  // A wrong half must not become a string on its way to the error.
  for (const make of [
    () =>
      userJwtCredential({ jwt: users[3].seed, seed: users[3].seed, origin }),
    () => userJwtCredential({ jwt: users[3].creds, seed: undefined, origin }),
    () => nkeyCredential({ seed: users[3].creds, origin }),
  ])
    assert.throws(make, { name: "KeyturnError" });
  for (const credential of credentials) credential.authenticator()("nonce");

  const found = await heapHolds([
    Buffer.from(kept),
    ...users.map((user) => user.seed.subarray(4, 50)),
  ]);
  assert.deepEqual(found, [true, false, false, false, false]);
  assert.equal(kept.length, 37);
});

interface UserBytes {
  readonly jwt: Uint8Array;
  readonly seed: Uint8Array;
  readonly creds: Uint8Array;
}

/** A user whose seed has never been a string. */
function userBytes(): UserBytes {
  const keys = createUser();
  const jwt = Buffer.from(
    signedJwt(
      { sub: keys.getPublicKey(), nats: { type: "user", version: 2 } },
      createAccount(),
    ),
  );
  const seed = keys.getSeed();
  const line = (label: string): Buffer => Buffer.from(`\n-----${label}-----\n`);
  const creds = Buffer.concat([
    line("BEGIN NATS USER JWT"),
    jwt,
    line("END NATS USER JWT"),
    line("BEGIN USER NKEY SEED"),
    seed,
    line("END USER NKEY SEED"),
  ]);
  return { jwt, seed, creds };
}
