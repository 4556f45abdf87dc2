import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import { makeOperator } from "@keyturn/testkit";
import fc from "fast-check";

import { isKeyturnError } from "../errors/keyturn-error.js";
import {
  credsCredential,
  nkeyCredential,
  userJwtCredential,
} from "./makers.js";

const origin = { source: "this test", plaintext: false };
const operator = await makeOperator();
const account = await operator.account("APP");
const user = await account.user("orders", { claims: { bearer_token: true } });

/** Pieces of the secret texts, none of which may appear in an error. */
const canaries = [6, 20, 34].map((at) => user.seed.slice(at, at + 12));
for (const at of [10, 60, 200, 400]) canaries.push(user.jwt.slice(at, at + 20));

/** Feeds bytes to every parser; each either makes a credential or throws a coded error without them. */
function feed(bytes: Uint8Array): void {
  for (const make of [
    () => credsCredential(bytes, origin),
    () => userJwtCredential({ jwt: bytes, seed: user.seed, origin }),
    () => userJwtCredential({ jwt: user.jwt, seed: bytes, origin }),
    () => userJwtCredential({ jwt: bytes, seed: bytes, origin }),
    () => nkeyCredential({ seed: bytes, origin }),
  ]) {
    try {
      assert.equal(make().publicKey, user.publicKey);
    } catch (error) {
      assert.ok(isKeyturnError(error), inspect(error));
      const shown = inspect(error, { depth: 9, showHidden: true });
      for (const canary of canaries)
        assert.equal(shown.includes(canary), false, shown);
    }
  }
}

const text = fc.constantFrom(user.creds, user.jwt, user.seed);

test("bytes changed", () => {
  const changes = fc.array(
    fc.tuple(fc.nat(2000), fc.integer({ min: 0, max: 255 })),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(text, changes, (whole, places) => {
      const bytes = Buffer.from(whole);
      for (const [at, value] of places) bytes[at % bytes.length] = value;
      feed(bytes);
    }),
    { numRuns: 300 },
  );
});

test("cut, and put together anew", () => {
  const cut = fc
    .tuple(text, fc.nat(1000), fc.nat(1000))
    .map(([whole, a, b]) => {
      const [start, end] = [a % whole.length, b % whole.length];
      return whole.slice(Math.min(start, end), Math.max(start, end));
    });
  const filling = fc.constantFrom(
    "\n",
    "\r\n",
    "\uFEFF",
    "-----BEGIN NATS USER JWT-----\n",
    "------END NATS USER JWT------\n",
    "-----BEGIN USER NKEY SEED-----\n",
    "------END USER NKEY SEED------",
    "---",
    ".",
    "\0",
    "=",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(cut, filling), { maxLength: 8 }), (pieces) =>
      feed(Buffer.from(pieces.join(""))),
    ),
    { numRuns: 300 },
  );
});

test("any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => feed(bytes)),
    { numRuns: 300 },
  );
});
