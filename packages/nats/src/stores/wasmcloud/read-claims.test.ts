import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { generateSeed, signingKeyFromSeed } from "../../credentials/nkey.js";
import { signClaims } from "./claims.js";
import { ClaimsFault, readClaims } from "./read-claims.js";

const issuer = signingKeyFromSeed(Buffer.from(generateSeed("account")));
const provider = signingKeyFromSeed(Buffer.from(generateSeed("service")));
const claims = {
  jti: "one",
  iat: 1,
  exp: 3,
  nbf: 2,
  sub: provider.publicKey,
  wascap: { vendor: "acme" },
};
const encode = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a claims token", () => {
  const token = signClaims(claims, issuer);
  const [head = "", body = "", signature = ""] = token.split(".");

  test("is read with its issuer", () => {
    assert.match(provider.publicKey, /^V/);
    assert.deepEqual(readClaims(token), {
      claims: { ...claims, iss: issuer.publicKey },
      issuer: issuer.publicKey,
      issuerKind: "account",
      isSigned: true,
    });
  });

  test("of which a bit was changed is not signed", () => {
    const payload = { ...claims, iss: issuer.publicKey, exp: 4 };
    const changed = `${head}.${encode(payload)}.${signature}`;
    assert.equal(readClaims(changed).isSigned, false);
    assert.equal(readClaims(`${head}.${body}.`).isSigned, false);
  });

  const payload = { ...claims, iss: issuer.publicKey };
  const faults: [string, string][] = [
    ["a.b", "invalid token format, expected 3 segments, found 2"],
    [`${token}.x`, "invalid token format, expected 3 segments, found 4"],
    ["x".repeat(128 * 1024 + 1), "it is too long"],
    [`${head}=.${body}.x`, "its header is not base64url"],
    [`${encode(1)}.${body}.x`, "its header is no JSON object"],
    [
      `${encode({ typ: "jwt", alg: "EdDSA" })}.${body}.x`,
      "its header names another algorithm or type",
    ],
    [
      `${encode({ typ: "JWT", alg: "Ed25519" })}.${body}.x`,
      "its header names another algorithm or type",
    ],
    [`${head}.${encode([])}.x`, "its payload is no JSON object"],
    [
      `${head}.${encode({ ...payload, sub: "" })}.x`,
      "its claim `sub` is no text",
    ],
    [
      `${head}.${encode({ ...payload, iat: undefined })}.x`,
      "its claim `iat` is missing",
    ],
    [
      `${head}.${encode({ ...payload, exp: "soon" })}.x`,
      "its claim `exp` is no time in seconds",
    ],
    [
      `${head}.${encode({ ...payload, wascap: 1 })}.x`,
      "its claim `wascap` is no JSON object",
    ],
    [
      `${head}.${encode({ ...payload, iss: "AAAA" })}.x`,
      "its issuer is no public key: its checksum is wrong: a character is missing, added or changed",
    ],
    [`${head}.${body}.x`, "its signature is not base64url"],
  ];
  for (const [text, message] of faults)
    test(`is refused: ${message} (${text.length} characters)`, () => {
      assert.throws(() => readClaims(text), new ClaimsFault(message));
    });
});
