import assert from "node:assert/strict";
import { test } from "node:test";

import {
  claimsOf,
  makeOperator,
  natsServer,
  signedJwt,
} from "@keyturn/testkit";
import { createAccount, createUser, type KeyPair } from "@nats-io/nkeys";

import { connect } from "../connection/connect.js";
import { refuses } from "../errors/refuses.test.fixture.js";
import { userJwtCredential } from "./makers.js";
import { readUserJwt, type UserClaims } from "./user-jwt.js";

const account = createAccount();
const user = createUser();
const subject = user.getPublicKey();

function claims(text: string): UserClaims {
  return readUserJwt(Buffer.from(text), "this test").claims;
}

/** Claims of version 2, with a good signature whatever they are. */
function signed(change: Record<string, unknown>, issuer = account): string {
  const good = { sub: subject, name: "n", nats: { type: "user", version: 2 } };
  return signedJwt({ ...good, ...change }, issuer);
}

/** Version 1: the kind is outside `nats`, and the body alone is signed. */
function firstVersion(content: object, issuer: KeyPair): string {
  const encode = (value: unknown): string =>
    Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = encode({ ...content, iss: issuer.getPublicKey() });
  const signature = Buffer.from(issuer.sign(Buffer.from(body)));
  return `${encode({ typ: "jwt", alg: "ed25519" })}.${body}.${signature.toString("base64url")}`;
}

test("what it says", () => {
  assert.deepEqual(
    claims(signed({ exp: 2_000_000_000, nbf: 5, iat: 1_700_000_000 })),
    {
      subject,
      account: account.getPublicKey(),
      name: "n",
      expiresAt: 2_000_000_000_000,
      notBefore: 5000,
      issuedAt: 1_700_000_000_000,
      bearer: false,
    },
  );
});

test("a signing key stands for the account that it names", () => {
  const owner = createAccount().getPublicKey();
  const nats = { type: "user", version: 2, issuer_account: owner };
  assert.equal(claims(signed({ nats })).account, owner);
});

test("a time of 0 or less is none, as it is for servers", () => {
  const { expiresAt, notBefore } = claims(signed({ exp: 0, nbf: -1 }));
  assert.deepEqual([expiresAt, notBefore], [undefined, undefined]);
});

test("a time of issue that makes no sense is none: servers do not look at it", () => {
  for (const iat of ["1", 1.5, -1, 1e300, undefined])
    assert.equal(claims(signed({ iat })).issuedAt, undefined);
});

test("well signed claims that make no sense are refused", () => {
  const bad = (change: Record<string, unknown>, why: string): void =>
    refuses(
      () => claims(signed(change)),
      "CREDENTIAL_JWT_INVALID",
      `The user JWT from this test cannot be used: ${why}. Copy the user JWT again, whole: \`nsc generate creds --account A --name U\`.`,
    );
  bad({ exp: "2000000000" }, "its claim `exp` is no time in seconds");
  bad({ exp: 1.5 }, "its claim `exp` is no time in seconds");
  bad({ exp: 1e300 }, "its claim `exp` is no time in seconds");
  bad({ nbf: {} }, "its claim `nbf` is no time in seconds");
  bad({ sub: undefined }, "it names no subject");
  bad(
    { sub: account.getPublicKey() },
    "its subject is no user key: it is of another kind",
  );
  bad(
    { nats: { type: "user", issuer_account: subject } },
    "its account is no account key: it is of another kind",
  );
  bad({ nats: { type: "user", issuer_account: 7 } }, "it names no account");
});

test("what is signed by a user is no user's JWT", () => {
  refuses(
    () => claims(signed({}, user)),
    "CREDENTIAL_JWT_INVALID",
    "The user JWT from this test cannot be used: its issuer is no account key: it is of another kind. Copy the user JWT again, whole: `nsc generate creds --account A --name U`.",
  );
});

test("only JWTs that say they are a user's are taken", () => {
  const bad = (nats: unknown, kind: string): void =>
    refuses(
      () => claims(signed({ nats })),
      "CREDENTIAL_WRONG_KIND",
      `The JWT from this test is of ${kind}, where one of kind \`user\` is needed. Use the JWT and seed of a user: \`nsc generate creds --account A --name U\`.`,
    );
  bad({ type: "activation" }, "kind `activation`");
  bad({ type: "operator" }, "kind `operator`");
  bad({}, "no known kind");
  bad(undefined, "no known kind");
  bad({ type: "Secret stuff" }, "no known kind");
});

test("a JWT longer than anybody's is not read", () => {
  refuses(
    () => claims("a".repeat(70_000)),
    "CREDENTIAL_JWT_TOO_LONG",
    "The user JWT from this test has 70000 bytes; more than 65536 are not even read. Shorten its permissions (a scoped signing key keeps them in the account), or raise `max_control_line` at the servers and tell it here (`maxControlLine`).",
  );
});

test("version 1 is read as servers read it", async () => {
  const operator = await makeOperator();
  const owner = await operator.account("APP");
  const { jwt, seed, publicKey } = await owner.user("old");
  const { nats, ...rest } = claimsOf(jwt);
  const old = firstVersion(
    {
      ...rest,
      type: "user",
      nats: { ...(nats as object), version: undefined },
    },
    owner.keys,
  );
  assert.equal(claims(old).subject, publicKey);
  const origin = { source: "this test", plaintext: false };
  await using server = await natsServer({
    config: await operator.serverConfig(),
  });
  const credentials = userJwtCredential({ jwt: old, seed, origin });
  await (await connect({ servers: server.url, credentials })).close();
});
