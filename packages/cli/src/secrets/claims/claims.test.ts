import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { createAccount } from "@nats-io/nkeys";

import { claimsToken } from "../../testing/claims-token.test.fixture.js";
import { entityKey } from "../../testing/entity-key.test.fixture.js";
import { ClaimsFault } from "@keyturn/nats/wasmcloud-secrets";

import { checkTimes, readSignedClaims } from "./claims.js";
import { TokenChecker } from "./token-checker.js";

const account = createAccount();
const iss = account.getPublicKey();

describe("claims", () => {
  test("of wascap's form are read: a known token", () => {
    const payload =
      '{"jti":"TESTJTI000000000000000","iat":1700000000,"iss":"AB43KVROR7TFJ6KAPCYRF2FJROTZAH4FHLTJLPWX4DRZCC5NASLGIFW3","sub":"VDT7CYVBBPWFLGX6UGK6JXHIJNUVNDK5FSYJMPVUI3AGQXRLC7ZPBT3I","wascap":{"name":"nats-messaging-ts","vendor":"acme","rev":0,"ver":"0.1.0","target_hashes":{"x86_64-linux":"A59C47872B71F12589942892464E764C0DB350C20B72228645615CC36E0A0725"}},"wascap_revision":3}';
    const token = [
      Buffer.from('{"typ":"jwt","alg":"Ed25519"}').toString("base64url"),
      Buffer.from(payload).toString("base64url"),
      "hszdwlpLOt96oc578eVwur0Pvtl16JDVnOtjk92Udz4lUH6laTVFuXxaDdL78Q6x9kMfQLiga4XlOHY3Omx4Ag",
    ].join(".");
    assert.deepEqual(readSignedClaims(token), {
      issuer: "AB43KVROR7TFJ6KAPCYRF2FJROTZAH4FHLTJLPWX4DRZCC5NASLGIFW3",
      subject: "VDT7CYVBBPWFLGX6UGK6JXHIJNUVNDK5FSYJMPVUI3AGQXRLC7ZPBT3I",
      expires: undefined,
      notBefore: undefined,
    });
    assert.throws(
      () => readSignedClaims(token.replace("hszd", "hszc")),
      new ClaimsFault("signature is not valid"),
    );
  });

  const claims = { iss, sub: "V" };
  const good = claimsToken(account, claims);
  for (const [what, token] of [
    ["another key", claimsToken(createAccount(), claims)],
    ["nobody", good.replace(/[^.]*$/, "")],
    ["a longer text", good.replace(/[^.]*$/, "$&AAAA")],
  ] as const)
    test(`signed by ${what} are refused`, () => {
      assert.throws(
        () => readSignedClaims(token),
        new ClaimsFault("signature is not valid"),
      );
    });

  test("have times without leeway", () => {
    const of = (expires?: number, notBefore?: number) =>
      readSignedClaims(
        claimsToken(account, { ...claims, exp: expires, nbf: notBefore }),
      );
    checkTimes(of(100, 100), 100_999);
    assert.throws(
      () => checkTimes(of(100), 101_000),
      new ClaimsFault("token expired at `1970-01-01T00:01:40.000Z`"),
    );
    assert.throws(
      () => checkTimes(of(undefined, 100), 99_999),
      new ClaimsFault("token cannot be used before `1970-01-01T00:01:40.000Z`"),
    );
  });
});

test("tokens are remembered within bounds, and one of another kind stays one", () => {
  const checker = new TokenChecker(2);
  const tokens = Array.from({ length: 5 }, () =>
    claimsToken(account, { iss, sub: entityKey("M"), exp: 100 }),
  );
  for (const token of [...tokens, ...tokens]) {
    assert.equal(checker.entity(token, 0).issuer, iss);
    assert.throws(
      () => checker.host(token, 0),
      new ClaimsFault("its subject is not a host"),
    );
    assert.throws(() => checker.entity(token, 101_000), ClaimsFault);
  }
  assert.equal(checker.remembered, 2);
});
