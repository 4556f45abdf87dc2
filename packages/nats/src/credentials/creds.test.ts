import assert from "node:assert/strict";
import { test } from "node:test";

import { makeOperator } from "@keyturn/testkit";

import { refuses } from "../errors/refuses.test.fixture.js";
import { credsCredential } from "./makers.js";

const origin = {
  source: "link secrets `client_jwt`, `client_seed`",
  plaintext: false,
};
const operator = await makeOperator();
const account = await operator.account("APP");
const user = await account.user("orders");
const nscNext = "`nsc generate creds --account A --name U`.";

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
