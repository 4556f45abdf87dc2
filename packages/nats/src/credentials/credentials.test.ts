import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import { makeOperator, type TestUser } from "@keyturn/testkit";
import { createAccount, fromSeed } from "@nats-io/nkeys";
import fc from "fast-check";

import { isKeyturnError } from "../errors/keyturn-error.js";
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
const nscNext = "`nsc generate creds --account A --name U`.";

function pair(jwt: string, seed: string): Credential {
  return userJwtCredential({ jwt, seed, origin });
}

function refuses(make: () => unknown, code: string, message: string): void {
  assert.throws(make, (error) => {
    assert.ok(isKeyturnError(error), inspect(error));
    assert.equal(error.message, message);
    assert.equal(error.code, code);
    return true;
  });
}

/** The JWT with some of its claims changed and signed by nobody. */
function altered(
  jwt: string,
  change: (claims: Record<string, unknown>) => void,
): string {
  const [head, body, signature] = jwt.split(".") as [string, string, string];
  const claims = JSON.parse(
    Buffer.from(body, "base64url").toString(),
  ) as Record<string, unknown>;
  change(claims);
  return [
    head,
    Buffer.from(JSON.stringify(claims)).toString("base64url"),
    signature,
  ].join(".");
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
    nkey: user.publicKey,
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

void test("a seed that cannot be one is refused with the reason", async () => {
  const bad = (seed: string, why: string): void =>
    refuses(
      () => pair(user.jwt, seed),
      "CREDENTIAL_SEED_INVALID",
      `The nkey seed from ${origin.source} cannot be used: ${why}. Copy the seed again, whole: 58 characters that begin with \`SU\`.`,
    );
  bad("", "it is empty");
  bad(user.seed.toLowerCase(), "it has a character outside A-Z and 2-7");
  bad(
    user.seed.slice(0, -1),
    "its checksum is wrong: a character is missing, added or changed",
  );
  bad(
    `${user.seed.slice(0, -1)}${user.seed.endsWith("A") ? "B" : "A"}`,
    "its checksum is wrong: a character is missing, added or changed",
  );
  bad(user.publicKey, "it is a public key, not a seed");
  bad("S".repeat(200), "it is too long for a seed");
});

void test("a seed of an account is of the wrong kind", () => {
  const seed = Buffer.from(createAccount().getSeed()).toString();
  refuses(
    () => pair(user.jwt, seed),
    "CREDENTIAL_WRONG_KIND",
    `The seed from ${origin.source} is of kind \`account\`, where one of kind \`user\` (\`SU…\`) is needed. Use the JWT and seed of a user: ${nscNext}`,
  );
});

void test("a JWT that cannot be one is refused with the reason", async () => {
  const bad = (jwt: string, why: string): void =>
    refuses(
      () => pair(jwt, user.seed),
      "CREDENTIAL_JWT_INVALID",
      `The user JWT from ${origin.source} cannot be used: ${why}. Copy the user JWT again, whole: ${nscNext}`,
    );
  const [head, body, signature] = user.jwt.split(".") as [
    string,
    string,
    string,
  ];
  bad("", "it has not the three parts of a JWT");
  bad("garbage", "it has not the three parts of a JWT");
  bad(`${head}.${body}`, "it has not the three parts of a JWT");
  bad(`${head}.${body}.`, "a part of it is not base64url");
  bad(`${head}.b dy.${signature}`, "a part of it is not base64url");
  bad(`${head}.aGVsbG8.${signature}`, "a part of it is not a JSON object");
  bad(
    `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.${signature}`,
    "it is not signed with an nkey (`alg` is not `ed25519-nkey`)",
  );
  bad(
    altered(user.jwt, (c) => delete c["iss"]),
    "it names no issuer",
  );
  bad(
    altered(user.jwt, (c) => (c["name"] = "admin")),
    "its signature is not the issuer's: it was changed or cut",
  );
  bad(
    `${user.jwt.slice(0, -4)}AAAA`,
    "its signature is not the issuer's: it was changed or cut",
  );
  bad(
    altered(user.jwt, (c) => (c["iss"] = "A123")),
    "its issuer is no account key: it has a character outside A-Z and 2-7",
  );
});

void test("a JWT of an account is of the wrong kind", async () => {
  const jwt = await account.jwt();
  refuses(
    () => pair(jwt, user.seed),
    "CREDENTIAL_WRONG_KIND",
    `The JWT from ${origin.source} is of kind \`account\`, where one of kind \`user\` is needed. Use the JWT and seed of a user: ${nscNext}`,
  );
});

void test("a pair that does not belong together names both users", async () => {
  const other = await account.user("other");
  refuses(
    () => pair(user.jwt, other.seed),
    "CREDENTIAL_PAIR_MISMATCH",
    `The user JWT and the seed from ${origin.source} do not belong together: the JWT is for ${user.publicKey}, the seed is of ${other.publicKey}. Take both from one credentials file: ${nscNext}`,
  );
});

void test("expired and not yet valid ones are refused", async () => {
  const expired = await account.user("late", { expiresInSeconds: -60 });
  const early = await account.user("early", { notBeforeInSeconds: 3600 });
  const claim = (u: TestUser, name: string): string =>
    new Date(
      (
        JSON.parse(
          Buffer.from(u.jwt.split(".")[1] as string, "base64url").toString(),
        ) as Record<string, number>
      )[name]! * 1000,
    ).toISOString();
  refuses(
    () => pair(expired.jwt, expired.seed),
    "CREDENTIAL_EXPIRED",
    `The user JWT from ${origin.source} expired at ${claim(expired, "exp")}. Issue a new one and put it at the same source.`,
  );
  refuses(
    () => pair(early.jwt, early.seed),
    "CREDENTIAL_NOT_YET_VALID",
    `The user JWT from ${origin.source} is not valid before ${claim(early, "nbf")}. Check the clock of this machine, or wait.`,
  );
});

void test("a JWT too long for a server's control line is refused before any dial", async () => {
  const allow = Array.from(
    { length: 120 },
    (_, i) => `orders.region-${i}.warehouse.>`,
  );
  const long = await account.user("long", {
    claims: { pub: { allow, deny: [] } } as never,
  });
  refuses(
    () => pair(long.jwt, long.seed),
    "CREDENTIAL_JWT_TOO_LONG",
    `The user JWT from ${origin.source} has ${long.jwt.length} bytes; with it, CONNECT exceeds the 4094 bytes that servers take unless \`max_control_line\` is raised. Shorten its permissions (a scoped signing key keeps them in the account), or raise \`max_control_line\`.`,
  );
});

void test("once expired, a credential presents nothing", async () => {
  const short = await account.user("short", { expiresInSeconds: 2 });
  const credential = pair(short.jwt, short.seed);
  const authenticator = credential.authenticator();
  assert.notEqual(authenticator("nonce"), undefined);
  const expiry = credential.expiresAt as Date;
  assert.throws(() => credential.assertUsable(expiry), {
    code: "CREDENTIAL_EXPIRED",
  });
  credential.assertUsable(new Date(expiry.getTime() - 1));
});

void test("a wiped credential presents nothing and does not throw", () => {
  const credential = pair(user.jwt, user.seed);
  const authenticator = credential.authenticator();
  credential.wipe();
  credential.wipe();
  assert.equal(authenticator("nonce"), undefined);
  assert.throws(() => credential.assertUsable(), { code: "SECRET_WIPED" });
});

void test("credentials files in every form that tools and people make of them", () => {
  const lines = user.creds.split("\n");
  const forms: Record<string, string> = {
    plain: user.creds,
    crlf: lines.join("\r\n"),
    cr: lines.join("\r"),
    bom: `\uFEFF${user.creds}`,
    "no final line end": user.creds.trimEnd(),
    "empty lines": lines.join("\n\n"),
    indented: lines.map((line) => `   ${line}  `).join("\n"),
    swapped: [...lines.slice(4), ...lines.slice(0, 4)].join("\n"),
    wrapped: user.creds.replace(user.jwt, user.jwt.replace(/(.{64})/g, "$1\n")),
    "text between": user.creds.replace(
      "\n\n",
      "\n\n*** IMPORTANT ***\nKeep it safe.\n\n",
    ),
    "other dashes": user.creds.replaceAll("------", "---"),
  };
  for (const [name, text] of Object.entries(forms)) {
    assert.equal(credsCredential(text, origin).publicKey, user.publicKey, name);
  }
});

void test("broken credentials files are refused with the reason", () => {
  const bad = (text: string, why: string): void =>
    refuses(
      () => credsCredential(text, origin),
      "CREDENTIAL_CREDS_INVALID",
      `The credentials text from ${origin.source} cannot be read: ${why}. Write it again with ${nscNext}`,
    );
  const [jwtBlock, seedBlock] = [
    user.creds.slice(0, user.creds.indexOf("\n\n")),
    user.creds.slice(user.creds.indexOf("\n\n")),
  ];
  bad("", "it has neither a block `NATS USER JWT` nor `USER NKEY SEED`");
  bad(user.jwt, "it has neither a block `NATS USER JWT` nor `USER NKEY SEED`");
  bad(`${user.creds}\n${jwtBlock}`, "it has 2 blocks `NATS USER JWT`");
  bad(
    user.creds.replace("------END USER NKEY SEED------", ""),
    "its block `USER NKEY SEED` has no end",
  );
  bad(
    user.creds.replace("------END NATS USER JWT------", ""),
    "its block `NATS USER JWT` has no end",
  );
  bad(
    user.creds.replace("-----BEGIN NATS USER JWT-----", ""),
    "the end of a block `NATS USER JWT` has no beginning",
  );
  bad(user.creds.replace(user.jwt, ""), "its block `NATS USER JWT` is empty");
  bad(user.creds.replace(user.seed, ""), "its block `USER NKEY SEED` is empty");
  refuses(
    () => credsCredential(seedBlock, origin),
    "CREDENTIAL_HALF_PAIR",
    `The credentials text from ${origin.source} has a seed, but no block \`NATS USER JWT\`. Put the user JWT and its seed into the same source, both of them.`,
  );
  refuses(
    () => credsCredential(jwtBlock, origin),
    "CREDENTIAL_HALF_PAIR",
    `The user JWT from ${origin.source} has no seed with it, and is no bearer token. Put the user JWT and its seed into the same source, both of them.`,
  );
});

void test("a bearer JWT needs no seed", async () => {
  const bearer = await account.user("bearer", {
    claims: { bearer_token: true },
  });
  const text = bearer.creds.slice(0, bearer.creds.indexOf("\n\n"));
  const credential = credsCredential(text, origin);
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

void test("whatever is fed to the parsers, they throw coded errors that do not repeat it", () => {
  const texts = [user.creds, user.jwt, user.seed];
  fc.assert(
    fc.property(
      fc.constantFrom(...texts),
      fc.array(fc.tuple(fc.nat(2000), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 6,
      }),
      (text, changes) => {
        const bytes = Buffer.from(text);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        for (const make of [
          () => credsCredential(bytes, origin),
          () => userJwtCredential({ jwt: bytes, seed: user.seed, origin }),
          () => userJwtCredential({ jwt: user.jwt, seed: bytes, origin }),
          () => nkeyCredential({ seed: bytes, origin }),
        ]) {
          try {
            make();
          } catch (error) {
            assert.ok(isKeyturnError(error), inspect(error));
            const shown = inspect(error, { depth: 9, showHidden: true });
            assert.equal(shown.includes(user.seed.slice(6, 24)), false);
            assert.equal(shown.includes(user.jwt.slice(60, 90)), false);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});
