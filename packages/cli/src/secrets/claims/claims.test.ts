import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { createAccount } from "@nats-io/nkeys";

import { claimsToken } from "../../testing/claims-token.test.fixture.js";
import { entityKey } from "../../testing/entity-key.test.fixture.js";
import { checkTimes, ClaimsFault, readClaims } from "./claims.js";
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
    assert.deepEqual(readClaims(token), {
      issuer: "AB43KVROR7TFJ6KAPCYRF2FJROTZAH4FHLTJLPWX4DRZCC5NASLGIFW3",
      subject: "VDT7CYVBBPWFLGX6UGK6JXHIJNUVNDK5FSYJMPVUI3AGQXRLC7ZPBT3I",
      expires: undefined,
      notBefore: undefined,
    });
    assert.throws(
      () => readClaims(token.replace("hszd", "hszc")),
      new ClaimsFault("signature is not valid"),
    );
  });

  const claims = { iss, sub: "V" };
  const good = claimsToken(account, claims);
  for (const [token, message] of [
    ["", "invalid token format, expected 3 segments, found 1"],
    [`${good}.x`, "invalid token format, expected 3 segments, found 4"],
    [".".repeat(200_000), "it is too long"],
    ["!.e30.e30", "its header is not base64url"],
    ["e30=.e30.e30", "its header is not base64url"],
    ["bm8.e30.e30", "its header is malformed: a value expected at byte 0"],
    [
      claimsToken(account, claims, { typ: "JWT", alg: "Ed25519" }),
      "its header names another algorithm or type",
    ],
    [
      claimsToken(account, claims, { typ: "jwt", alg: "EdDSA" }),
      "its header names another algorithm or type",
    ],
    [
      claimsToken(account, claims, { typ: "jwt", alg: "none" }),
      "its header names another algorithm or type",
    ],
    [claimsToken(account, { iss }), "it has no issuer or no subject"],
    [claimsToken(account, { sub: "V" }), "it has no issuer or no subject"],
    [
      claimsToken(account, { ...claims, exp: "soon" }),
      "its payload is malformed: `exp` must be a whole number, not a string",
    ],
    [
      claimsToken(account, { ...claims, iss: "me" }),
      "its issuer is no public key: it has a character outside A-Z and 2-7",
    ],
    [claimsToken(createAccount(), claims), "signature is not valid"],
    [good.replace(/[^.]*$/, ""), "signature is not valid"],
  ] as const)
    test(`are refused: ${message} (${token.slice(0, 20)}…)`, () => {
      assert.throws(() => readClaims(token), new ClaimsFault(message));
    });

  test("have times without leeway", () => {
    const of = (expires?: number, notBefore?: number) =>
      readClaims(
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
