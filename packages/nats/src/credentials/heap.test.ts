import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";

import { heapHolds, userBytes } from "./heap.test.fixture.js";
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
