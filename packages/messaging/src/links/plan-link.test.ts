import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { createCurve } from "@nats-io/nkeys";

import {
  badCredentials,
  makeOperator,
  makeTlsAuthority,
  type CredentialFault,
} from "@keyturn/testkit";

import {
  planOf,
  providerPlanOf,
  refuses,
  type Values,
} from "../testing/sources.test.js";

const operator = await makeOperator();
const account = await operator.account("APP");
const user = await account.user("orders");
const begin = "failed to build connection config:";
const nsc = "`nsc generate creds --account A --name U`.";
const copyJwt = `Copy the user JWT again, whole: ${nsc}`;
const users = `Use the JWT and seed of a user: ${nsc}`;

function refused(linkSecrets: Values, code: string, message: string): void {
  refuses(() => planOf({ linkSecrets }), code, `${begin} ${message}`);
}

describe("a credential that no server would take is refused before any dial", () => {
  const from = "from link secrets (`client_jwt`, `client_seed`)";
  const tampered = `The user JWT ${from} cannot be used: its signature is not the issuer's: it was changed or cut. ${copyJwt}`;
  /** `TIME` stands for one. */
  const messages: Partial<Record<CredentialFault, readonly [string, string]>> =
    {
      expired: [
        "CREDENTIAL_EXPIRED",
        `The user JWT ${from} expired at TIME. Issue a new one and put it at the same source.`,
      ],
      notYetValid: [
        "CREDENTIAL_NOT_YET_VALID",
        `The user JWT ${from} is not valid before TIME. Check the clock of this machine, or wait.`,
      ],
      accountSeed: [
        "CREDENTIAL_WRONG_KIND",
        `The seed ${from} is of kind \`account\`, where one of kind \`user\` (\`SU…\`) is needed. ${users}`,
      ],
      accountJwt: [
        "CREDENTIAL_WRONG_KIND",
        `The JWT ${from} is of kind \`account\`, where one of kind \`user\` is needed. ${users}`,
      ],
      operatorJwt: [
        "CREDENTIAL_WRONG_KIND",
        `The JWT ${from} is of kind \`operator\`, where one of kind \`user\` is needed. ${users}`,
      ],
      tamperedClaims: ["CREDENTIAL_JWT_INVALID", tampered],
      tamperedSignature: ["CREDENTIAL_JWT_INVALID", tampered],
      garbage: [
        "CREDENTIAL_JWT_INVALID",
        `The user JWT ${from} cannot be used: a part of it is not a JSON object. ${copyJwt}`,
      ],
    };
  test("each fault of JWT and seed", async () => {
    const bad = await badCredentials(operator, account);
    for (const [fault, [code, message]] of Object.entries(messages)) {
      const { jwt, seed } = bad[fault as CredentialFault];
      assert.throws(
        () => planOf({ linkSecrets: { client_jwt: jwt, client_seed: seed } }),
        (error: Error & { code: string }) => {
          const shown = error.message.replace(/\d{4}-\S+Z/, "TIME");
          assert.equal(shown, `${begin} ${message}`, fault);
          assert.equal(error.code, code);
          return true;
        },
      );
    }
  });

  test("a seed that is none, in the stock provider's words, too", () => {
    const seedNext =
      "Copy the seed again, whole: 58 characters that begin with `SU`.";
    const why =
      "its checksum is wrong: a character is missing, added or changed";
    refused(
      { client_jwt: user.jwt, client_seed: user.seed.slice(0, -1) },
      "CREDENTIAL_SEED_INVALID",
      `failed to parse seed key pair: The nkey seed ${from} cannot be used: ${why}. ${seedNext}`,
    );
    refused(
      { nkey_seed: "SUNOSEED" },
      "CREDENTIAL_SEED_INVALID",
      `failed to parse seed key pair: The nkey seed from link secrets (\`nkey_seed\`) cannot be used: ${why}. ${seedNext}`,
    );
    const curve = Buffer.from(createCurve().getSeed()).toString();
    refused(
      { client_jwt: user.jwt, client_seed: curve },
      "CREDENTIAL_WRONG_KIND",
      `The seed ${from} is of kind \`curve\`, where one of kind \`user\` (\`SU…\`) is needed. ${users}`,
    );
  });

  test("halves swapped, a whole file in the place of one half, too many of all", () => {
    refused(
      { client_jwt: user.seed, client_seed: user.jwt },
      "CREDENTIAL_JWT_INVALID",
      `The user JWT ${from} cannot be used: it is a seed. ${copyJwt}`,
    );
    refused(
      { client_jwt: user.creds, client_seed: user.seed },
      "CREDENTIAL_JWT_INVALID",
      `The user JWT ${from} cannot be used: it is a whole credentials file. ${copyJwt}`,
    );
    refused(
      { client_jwt: "e".repeat(70_000), client_seed: user.seed },
      "CREDENTIAL_JWT_TOO_LONG",
      `The user JWT ${from} has 70000 bytes; more than 65536 are not even read. Shorten its permissions: a scoped signing key keeps them in the account.`,
    );
  });

  test("texts of other forms", () => {
    refused(
      { client_creds: user.seed },
      "CREDENTIAL_CREDS_INVALID",
      `The credentials text from link secrets (\`client_creds\`) cannot be read: it has neither a block \`NATS USER JWT\` nor \`USER NKEY SEED\`. Write it again with ${nsc}`,
    );
    refused(
      { user: "ada", password: Buffer.from([0xff]) },
      "CREDENTIAL_NOT_TEXT",
      "The password from link secrets (`password`) is not UTF-8 text. Store it as text.",
    );
    refused(
      { token: "\n" },
      "CREDENTIAL_EMPTY",
      "The token from link secrets (`token`) is empty. Give it a value, or leave it out.",
    );
    refused(
      { user: "", password: "p" },
      "CREDENTIAL_EMPTY",
      "The user name from link secrets (`password`) is empty. Give it a value, or leave it out.",
    );
  });
});

describe("a bad address", () => {
  const next = "Write it as `nats://host:port` or `tls://host:port`.";
  const bad: readonly (readonly [string, string])[] = [
    ["", "The list of server addresses is empty."],
    [
      "http://a",
      "Server address 1 (`http://a`) cannot be used: its scheme is none of `nats`, `tls`, `ws` and `wss`.",
    ],
    [
      "wss://a?b",
      "Server address 1 (`wss://a?b`) cannot be used: something follows the path.",
    ],
    [
      "a,b c:1",
      "Server address 2 (`b c:1`) cannot be used: it is not `host:port`.",
    ],
    [
      "a:70000",
      "Server address 1 (`a:70000`) cannot be used: it is not `host:port`.",
    ],
    [
      "nats://ada:CANARY@a/path",
      "Server address 1 cannot be used: something follows the port.",
    ],
  ];
  for (const [text, message] of bad)
    test(JSON.stringify(text), () => {
      for (const [place, given] of [
        ["link config", { linkConfig: { cluster_uris: text } }],
        ["provider secrets", { providerSecrets: { cluster_uris: text } }],
      ] as const)
        refuses(
          () => planOf(given),
          "CONNECT_URL_INVALID",
          `${begin} \`cluster_uris\` of the ${place}: ${message} ${next}`,
        );
    });

  test("or certificate in bytes that are no text", () => {
    for (const key of ["cluster_uris", "tls_ca", "user"])
      refused(
        {
          [key]: Buffer.from([0xff, 0xfe]),
          ...(key === "user" && { password: "p" }),
        },
        "MESSAGING_CONFIG_INVALID",
        `The key \`${key}\` of the link secrets cannot be used: it is not UTF-8 text. Correct it with \`wash config put\`, then put the link again.`,
      );
  });

  test("of the provider counts for a link without one, the link's replaces it", () => {
    const servers = (linkConfig: Values): readonly string[] =>
      planOf({ linkConfig, providerConfig: { cluster_uris: "a,b" } }).connection
        .servers;
    assert.deepEqual(servers({ subscriptions: "x" }), ["a:4222", "b:4222"]);
    assert.deepEqual(servers({ cluster_uris: "c" }), ["c:4222"]);
    assert.deepEqual(planOf({}).connection.servers, ["127.0.0.1:4222"]);
  });
});

describe("bad TLS settings", () => {
  const authority = makeTlsAuthority();
  const { certificate, key } = authority.client("ada");
  const pem = "Give certificates and keys as PEM text, each certificate whole.";

  test("a CA bundle without a certificate, and with half a one, in the stock provider's words, too", () => {
    for (const tls_ca of ["/etc/ssl/ca.pem", key])
      refuses(
        () => planOf({ linkConfig: { tls_ca } }),
        "CONNECT_TLS_INVALID",
        `${begin} \`tls_ca\` of the link config: tls ca: invalid certificate type, must be a DER encoded PEM file: There is no certificate in the CA bundle: no \`-----BEGIN CERTIFICATE-----\`. ${pem}`,
      );
    const cut = `${authority.certificate}\n${certificate.slice(0, 200)}`;
    refuses(
      () => planOf({ providerConfig: { tls_ca: cut } }),
      "CONNECT_TLS_INVALID",
      `${begin} \`tls_ca\` of the provider config: failed to read CA: Certificate 2 of 2 in the CA bundle cannot be read. ${pem}`,
    );
  });

  test("certificate without key, and the other way round", () => {
    const both = "Give both of them, the key best as a secret, or neither.";
    refuses(
      () => planOf({ linkConfig: { tls_cert: certificate, tls_key: "" } }),
      "MESSAGING_CREDENTIAL_INCOMPLETE",
      `${begin} There is \`tls_cert\` in the link config, and \`tls_key\` is nowhere. ${both}`,
    );
    refuses(
      () => planOf({ providerSecrets: { tls_key: key } }),
      "MESSAGING_CREDENTIAL_INCOMPLETE",
      `${begin} There is \`tls_key\` in the provider secrets, and \`tls_cert\` is nowhere. ${both}`,
    );
    // Links may bring the other half.
    providerPlanOf({ providerConfig: { tls_cert: certificate } });
    planOf({
      providerConfig: { tls_cert: certificate },
      linkSecrets: { tls_key: key },
    });
  });

  test("a key of another certificate, and what is no key", () => {
    const where =
      "`tls_cert` of the link config and `tls_key` of the link secrets";
    const bad = (tls_key: string, why: string): void =>
      refuses(
        () =>
          planOf({
            linkConfig: { tls_cert: certificate },
            linkSecrets: { tls_key },
          }),
        "CONNECT_TLS_INVALID",
        `${begin} ${where}: ${why} ${pem}`,
      );
    bad(
      authority.client("eve").key,
      "The key is not that of the client certificate.",
    );
    bad("CANARY", "The key of the client certificate cannot be read.");
  });

  test("a key in plain text is told of, and refused if secrets are required", () => {
    const linkConfig = { tls_cert: certificate, tls_key: key };
    assert.deepEqual(planOf({ linkConfig }).plaintext[0]?.keys, ["tls_key"]);
    refuses(
      () =>
        planOf({
          linkConfig,
          providerConfig: { credentials_policy: "require-secrets" },
        }),
      "MESSAGING_PLAINTEXT_REFUSED",
      `${begin} \`tls_key\` of the link config is in plain text, and \`credentials_policy\` is \`require-secrets\`. Store it in a secrets backend: \`wash secrets put tls_key BACKEND KEY\`; then refer to it: \`wash link put … --source-config SECRET_tls_key\`.`,
    );
  });
});

test("connections are alike exactly if everything but the credential is", () => {
  const authority = makeTlsAuthority();
  const key = (linkConfig: Values, linkSecrets: Values = {}): string =>
    planOf({ linkConfig, linkSecrets }).connection.key;
  const { certificate, key: tls_key } = authority.client("ada");
  const base = { cluster_uris: "a,b" };
  assert.equal(
    key({ ...base, subscriptions: "x" }, { token: "t" }),
    key({ ...base, concurrency: "3" }),
  );
  const different = [
    key(base),
    key({ cluster_uris: "b,a" }),
    key({ cluster_uris: "tls://a,b" }),
    key({ ...base, tls_first: "true" }),
    key({ ...base, tls_server_name: "n" }),
    key({ ...base, tls_ca: authority.certificate }),
    key({ ...base, tls_cert: certificate }, { tls_key }),
    key({ ...base, custom_inbox_prefix: "_I" }),
    key({ ...base, ping_interval_sec: "6" }),
  ];
  assert.equal(new Set(different).size, different.length);
});
