import assert from "node:assert/strict";
import { test } from "node:test";
import { format, inspect } from "node:util";

import { Secret } from "./secret.js";

void test("no way of printing shows the value", () => {
  const secret = Secret.fromText("canary");
  const shown = [
    String(secret),
    `${secret as unknown as string}`,
    JSON.stringify({ secret }),
    inspect(secret, { showHidden: true, depth: 9 }),
    format("%s %o %O %j", secret, secret, secret, secret),
    inspect(new Error("x", { cause: secret })),
    JSON.stringify(Object.entries(secret)),
    inspect(new Map([["k", secret]])),
  ].join("\n");
  assert.equal(shown.includes("canary"), false);
  assert.equal(shown.includes(Buffer.from("canary").toString("hex")), false);
});

void test("reading takes a verb", () => {
  const secret = Secret.fromText("é");
  assert.equal(secret.byteLength, 2);
  assert.equal(secret.revealText(), "é");
  assert.deepEqual(
    secret.use((bytes) => [...bytes]),
    [0xc3, 0xa9],
  );
});

void test("wiping zeroes the bytes, and reading fails from then on", () => {
  const bytes = new TextEncoder().encode("canary");
  const secret = Secret.fromBytes(bytes);
  const copy = secret.copy();
  secret.wipe();
  secret.wipe();
  assert.deepEqual([...bytes], [0, 0, 0, 0, 0, 0]);
  assert.equal(secret.wiped, true);
  assert.equal(secret.byteLength, 0);
  assert.throws(() => secret.revealText(), {
    code: "SECRET_WIPED",
    message: "This secret was wiped. Take the secret from its source again.",
  });
  assert.equal(copy.revealText(), "canary");
});

void test("equality is by value", () => {
  assert.equal(Secret.fromText("a").equals(Secret.fromText("a")), true);
  assert.equal(Secret.fromText("a").equals(Secret.fromText("b")), false);
  assert.equal(Secret.fromText("a").equals(Secret.fromText("aa")), false);
});
