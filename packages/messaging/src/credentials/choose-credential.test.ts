import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Credential } from "@keyturn/nats";
import { makeOperator } from "@keyturn/testkit";

import {
  planOf,
  providerPlanOf,
  refuses,
  type Given,
  type Values,
} from "../testing/sources.test.js";

const account = await (await makeOperator()).account("APP");
const user = await account.user("orders");
const other = await account.user("other");
const pair = { client_jwt: user.jwt, client_seed: user.seed };

const begin = "failed to build connection config:";
const together = "Put both of them into the same source.";

/** The places in the order in which they count. */
const places = {
  "link secrets": "linkSecrets",
  "provider secrets": "providerSecrets",
  "link config": "linkConfig",
  "provider config": "providerConfig",
} as const satisfies Readonly<Record<string, keyof Given>>;
const names = Object.keys(places) as (keyof typeof places)[];

function inPlace(name: keyof typeof places, values: Values): Given {
  return { [places[name]]: values };
}

function origin(given: Given): string {
  return planOf(given).connection.credential.origin.source;
}

describe("the first source that has a credential gives it", () => {
  const kinds: Readonly<Record<string, readonly [Values, string]>> = {
    "user JWT": [pair, "`client_jwt`, `client_seed`"],
    creds: [{ client_creds: user.creds }, "`client_creds`"],
    nkey: [{ nkey_seed: user.seed }, "`nkey_seed`"],
    password: [{ user: "ada", password: "p" }, "`password`"],
    token: [{ token: "t" }, "`token`"],
  };
  for (const [kind, [values, shown]] of Object.entries(kinds))
    test(kind, () => {
      for (const name of names) {
        assert.equal(origin(inPlace(name, values)), `${name} (${shown})`);
        // The credential of a weaker source, even a broken one, does not matter.
        for (const weaker of names.slice(names.indexOf(name) + 1)) {
          const both = {
            ...inPlace(weaker, { client_jwt: "x", token: "y" }),
            ...inPlace(name, values),
          };
          assert.equal(origin(both), `${name} (${shown})`);
        }
      }
    });

  test("bytes serve as well as text", () => {
    const linkSecrets = {
      client_jwt: Buffer.from(user.jwt),
      client_seed: Buffer.from(`${user.seed}\n`),
    };
    assert.equal(
      planOf({ linkSecrets }).connection.credential.publicKey,
      user.publicKey,
    );
  });

  test("none: anonymous, and nothing to warn of", () => {
    const { connection, plaintext } = planOf({
      linkConfig: { client_jwt: "", password: "", user: "" },
    });
    assert.equal(connection.credential.kind, "none");
    assert.deepEqual(plaintext, []);
  });
});

describe("half a pair", () => {
  const words = {
    client_seed: "if you specify jwt, you must also specify a seed",
    client_jwt: "must provide both jwt and seed for jwt authentication",
  };
  const halves = [
    ["client_jwt", "client_seed", `: ${words.client_seed}`],
    ["client_seed", "client_jwt", `: ${words.client_jwt}`],
    ["password", "user", ""],
    ["user", "password", ""],
  ] as const;
  const values = { ...pair, user: "ada", password: "secret" };
  for (const [there, missing, more] of halves)
    test(`${there} without ${missing}, in each source`, () => {
      for (const name of names)
        refuses(
          () => planOf(inPlace(name, { [there]: values[there] })),
          "MESSAGING_CREDENTIAL_INCOMPLETE",
          `${begin} There is \`${there}\` without \`${missing}\` in the ${name}${more}. ${together}`,
        );
    });

  test("with its other half in another source: never put together, and told where that is", () => {
    for (const name of names)
      for (const elsewhere of names) {
        if (name === elsewhere) continue;
        const first = names.indexOf(name) < names.indexOf(elsewhere);
        const [place, at] = first ? [name, elsewhere] : [elsewhere, name];
        const [there, missing] = first
          ? (["client_jwt", "client_seed"] as const)
          : (["client_seed", "client_jwt"] as const);
        refuses(
          () =>
            planOf({
              ...inPlace(name, { client_jwt: user.jwt }),
              ...inPlace(elsewhere, { client_seed: user.seed }),
            }),
          "MESSAGING_CREDENTIAL_INCOMPLETE",
          `${begin} There is \`${there}\` without \`${missing}\` in the ${place} (\`${missing}\` is in the ${at}): ${words[missing]}. ${together}`,
        );
      }
  });

  test("is not made whole by an empty other half", () => {
    refuses(
      () => planOf({ linkConfig: { client_jwt: user.jwt, client_seed: "" } }),
      "MESSAGING_CREDENTIAL_INCOMPLETE",
      `${begin} There is \`client_jwt\` without \`client_seed\` in the link config: ${words.client_seed}. ${together}`,
    );
    refuses(
      () => planOf({ linkSecrets: { client_jwt: "", client_seed: user.seed } }),
      "CREDENTIAL_HALF_PAIR",
      `${begin} The seed from link secrets (\`client_jwt\`, \`client_seed\`) has no user JWT with it. Put the user JWT and its seed into the same source, both of them.`,
    );
  });

  test("a user name is no secret: it may stand apart, also where the provider has it for all links", () => {
    const given = {
      providerConfig: { user: "ada" },
      linkSecrets: { password: "p" },
    };
    const { credential } = planOf(given).connection;
    assert.ok(credential instanceof Credential);
    assert.equal(credential.name, "ada");
    assert.equal(
      providerPlanOf({ providerConfig: { user: "ada" } }).connection.credential
        .kind,
      "none",
    );
  });
});

test("credentials of several kinds in one source are refused, in two they are not", () => {
  const several = (name: keyof typeof places, values: Values): void =>
    refuses(
      () => planOf(inPlace(name, values)),
      "MESSAGING_CREDENTIAL_AMBIGUOUS",
      `${begin} There are credentials of several kinds in the ${name}: ${Object.keys(
        values,
      )
        .map((key) => `\`${key}\``)
        .join(", ")}. Keep one kind in it.`,
    );
  for (const name of names) {
    several(name, { ...pair, client_creds: user.creds });
    several(name, { client_seed: user.seed, nkey_seed: user.seed });
    several(name, { password: "p", token: "t" });
  }
  assert.equal(
    origin({ linkSecrets: { token: "t" }, linkConfig: pair }),
    "link secrets (`token`)",
  );
});

describe("plain text", () => {
  const hint = (option: string): string =>
    `Store them in a secrets backend: \`wash secrets put client_jwt BACKEND KEY\`, \`wash secrets put client_seed BACKEND KEY\`; then refer to them: \`${option} SECRET_client_jwt ${option.slice(option.lastIndexOf("--"))} SECRET_client_seed\`.`;
  const strict = { credentials_policy: "require-secrets" };
  const password = {
    cluster_uris: "nats://ada:p%40ss@127.0.0.1:4222",
  };

  test("is told of where it is really used, with what to type", () => {
    const warned = (given: Given) =>
      planOf(given).plaintext.map(({ source, keys }) => [source, ...keys]);
    assert.deepEqual(warned({ linkConfig: pair }), [
      ["link config", "client_jwt", "client_seed"],
    ]);
    assert.deepEqual(warned({ providerConfig: { token: "t" } }), [
      ["provider config", "token"],
    ]);
    assert.deepEqual(warned({ linkConfig: password }), [
      ["link config", "cluster_uris"],
    ]);
    assert.deepEqual(warned({ linkSecrets: pair, linkConfig: pair }), []);
    assert.deepEqual(warned({ providerSecrets: pair, linkConfig: pair }), []);
    assert.deepEqual(warned({ linkSecrets: password }), []);
    assert.equal(
      planOf({ linkConfig: pair }).plaintext[0]?.hint,
      hint("wash link put … --source-config"),
    );
    assert.equal(
      planOf({ linkConfig: pair, direction: "target" }).plaintext[0]?.hint,
      hint("wash link put … --target-config"),
    );
  });

  test("is refused by require-secrets, from wherever that comes", () => {
    const refused = (given: Given, what: string, next: string): void =>
      refuses(
        () => planOf(given),
        "MESSAGING_PLAINTEXT_REFUSED",
        `${begin} ${what} in plain text, and \`credentials_policy\` is \`require-secrets\`. ${next}`,
      );
    const link = hint("wash link put … --source-config");
    refused(
      { linkConfig: { ...pair, ...strict } },
      "`client_jwt`, `client_seed` of the link config are",
      link,
    );
    refused(
      { providerConfig: strict, linkConfig: pair },
      "`client_jwt`, `client_seed` of the link config are",
      link,
    );
    refused(
      { providerConfig: { ...pair, ...strict } },
      "`client_jwt`, `client_seed` of the provider config are",
      hint("wash start provider … --config"),
    );
    const one = (key: string): string =>
      `Store it in a secrets backend: \`wash secrets put ${key} BACKEND KEY\`; then refer to it: \`wash link put … --source-config SECRET_${key}\`.`;
    refused(
      { linkConfig: { ...password, ...strict } },
      "the user information in `cluster_uris` of the link config is",
      one("cluster_uris"),
    );
    refused(
      { linkConfig: { token: "t", ...strict } },
      "`token` of the link config is",
      one("token"),
    );
  });

  test("a link cannot weaken what the provider demands, but demand more", () => {
    const weaker = { ...pair, credentials_policy: "prefer-secrets" };
    assert.throws(
      () => planOf({ providerConfig: strict, linkConfig: weaker }),
      { code: "MESSAGING_PLAINTEXT_REFUSED" },
    );
    assert.throws(
      () =>
        planOf({
          providerConfig: { ...pair, credentials_policy: "prefer-secrets" },
          linkConfig: strict,
        }),
      { code: "MESSAGING_PLAINTEXT_REFUSED" },
    );
    planOf({ providerConfig: strict, linkConfig: weaker, linkSecrets: pair });
  });

  test("user information beside another credential is told to have no effect", () => {
    const { remarks, connection } = planOf({
      linkSecrets: pair,
      linkConfig: { ...password, ...strict },
    });
    assert.equal(connection.credential.publicKey, user.publicKey);
    assert.deepEqual(
      remarks.map(({ message }) => message),
      [
        "The user information in `cluster_uris` of the link config has no effect: another credential is used. Move it to the link it is meant for, or remove it.",
      ],
    );
  });

  test("an address that is itself a secret comes before plain config", () => {
    assert.equal(
      origin({ linkSecrets: password, linkConfig: pair }),
      "the user information in `cluster_uris` of the link secrets",
    );
  });
});

test("two users of one source do not get mixed up", () => {
  refuses(
    () => planOf({ linkSecrets: { ...pair, client_seed: other.seed } }),
    "CREDENTIAL_PAIR_MISMATCH",
    `${begin} The user JWT and the seed from link secrets (\`client_jwt\`, \`client_seed\`) do not belong together: the JWT is for ${user.publicKey}, the seed is of ${other.publicKey}. Take both from one credentials file: \`nsc generate creds --account A --name U\`.`,
  );
});
