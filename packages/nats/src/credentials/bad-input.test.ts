import { test } from "node:test";

import { claimsOf, makeOperator, type TestUser } from "@keyturn/testkit";
import { createAccount } from "@nats-io/nkeys";

import { refuses } from "../errors/refuses.test.fixture.js";
import type { Credential } from "./credential.js";
import { userJwtCredential } from "./makers.js";

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

/** The JWT with some of its claims changed and signed by nobody. */
function altered(
  jwt: string,
  change: (claims: Record<string, unknown>) => void,
): string {
  const [head, , signature] = jwt.split(".") as [string, string, string];
  const claims = { ...claimsOf(jwt) };
  change(claims);
  return [
    head,
    Buffer.from(JSON.stringify(claims)).toString("base64url"),
    signature,
  ].join(".");
}

void test("a seed that cannot be one is refused with the reason", async () => {
  const bad = (seed: string, why: string): void =>
    refuses(
      () => pair(user.jwt, seed),
      "CREDENTIAL_SEED_INVALID",
      `The nkey seed from ${origin.source} cannot be used: ${why}. Copy the seed again, whole: 58 characters that begin with \`SU\`.`,
    );
  bad(user.seed.toLowerCase(), "it has a character outside A-Z and 2-7");
  bad(
    user.seed.slice(0, -1),
    "its checksum is wrong: a character is missing, added or changed",
  );
  bad(
    `${user.seed.slice(0, -1)}${user.seed.endsWith("A") ? "B" : "A"}`,
    "its checksum is wrong: a character is missing, added or changed",
  );
  bad(
    `${user.seed}A`,
    "its checksum is wrong: a character is missing, added or changed",
  );
  bad(user.publicKey, "it is a public key");
  bad(user.jwt, "it is a JWT");
  bad(user.creds, "it is a whole credentials file");
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
  bad("garbage", "it has not the three parts of a JWT");
  bad(`${head}.${body}`, "it has not the three parts of a JWT");
  bad(`${head}.${body}.`, "it has not the three parts of a JWT");
  bad(`${head}.b dy.${signature}`, "it has a character outside base64url");
  bad(user.seed, "it is a seed");
  bad(user.creds, "it is a whole credentials file");
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
    altered(user.jwt, (c) => (c["iss"] = `A${"B".repeat(55)}`)),
    "its issuer is no account key: its checksum is wrong: a character is missing, added or changed",
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

void test("half a pair is refused, whichever half is there", () => {
  const half = (
    jwt: string | undefined,
    seed: string | undefined,
    what: string,
  ): void =>
    refuses(
      () => userJwtCredential({ jwt, seed, origin }),
      "CREDENTIAL_HALF_PAIR",
      `${what} Put the user JWT and its seed into the same source, both of them.`,
    );
  for (const missing of [undefined, "", " \r\n"]) {
    half(
      user.jwt,
      missing,
      `The user JWT from ${origin.source} has no seed with it, and is no bearer token.`,
    );
    half(
      missing,
      user.seed,
      `The seed from ${origin.source} has no user JWT with it.`,
    );
    half(
      missing,
      missing,
      `From ${origin.source} came neither a user JWT nor a seed.`,
    );
  }
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
