import assert from "node:assert/strict";
import {
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { createAccount, createServer } from "@nats-io/nkeys";

import { until } from "@keyturn/testkit";

import { entityKey } from "../../testing/entity-key.test.fixture.js";
import { patternTest } from "./key-pattern.js";
import { PolicyFile } from "./policy-file.js";
import { readPolicy } from "./read-policy.js";

const issuer = createAccount().getPublicKey();
const host = createServer().getPublicKey();
const entity = entityKey("V");
const good = {
  issuers: [issuer],
  hosts: [host],
  rules: [
    { name: "mapped", entities: "mapped", keys: ["shared/*"] },
    { name: "own", entities: [entity], keys: ["own/**", "shared/exact"] },
  ],
};

function read(policy: unknown) {
  return readPolicy(Buffer.from(JSON.stringify(policy)));
}

describe("a policy", () => {
  const ask = { entity, issuer, host };

  test("gives what a rule gives, denies the rest, and says why", async () => {
    const policy = read(good);
    const decide = async (request: object, isMapped = false) => {
      let asked = false;
      const { allowed, reason } = await policy.decide(
        { ...ask, key: "own/a", ...request },
        () => {
          asked = true;
          return Promise.resolve(isMapped);
        },
      );
      return [allowed, reason, asked];
    };
    assert.deepEqual(await decide({}), [true, "own", false]);
    assert.deepEqual(await decide({ key: "own/a/b.c" }), [true, "own", false]);
    assert.deepEqual(await decide({ key: "shared/exact" }), [
      true,
      "own",
      false,
    ]);
    assert.deepEqual(await decide({ key: "shared/b" }, true), [
      true,
      "mapped",
      true,
    ]);
    assert.deepEqual(await decide({ key: "shared/b" }), [
      false,
      "no rule gives it, and it is not mapped",
      true,
    ]);
    assert.deepEqual(await decide({ key: "shared/b/c" }, true), [
      false,
      "no rule gives it",
      false,
    ]);
    assert.deepEqual(await decide({ key: "else" }, true), [
      false,
      "no rule gives it",
      false,
    ]);
    assert.deepEqual(await decide({ entity: entityKey("V") }), [
      false,
      "no rule gives it",
      false,
    ]);
    assert.deepEqual(await decide({ issuer: createAccount().getPublicKey() }), [
      false,
      "issuer is not pinned",
      false,
    ]);
    assert.deepEqual(await decide({ host: createServer().getPublicKey() }), [
      false,
      "host is not pinned",
      false,
    ]);
  });

  test("without rules denies all; hosts may be any; operations are denied unless named", async () => {
    const policy = read({
      issuers: [issuer],
      hosts: "any",
      operations: ["put_secret"],
    });
    assert.deepEqual(
      await policy.decide(
        { ...ask, host: createServer().getPublicKey(), key: "a" },
        () => Promise.resolve(true),
      ),
      { allowed: false, reason: "no rule gives it" },
    );
    assert.equal(policy.permits("put_secret"), true);
    assert.equal(policy.permits("add_mapping"), false);
    assert.equal(read(good).permits("put_secret"), false);
  });

  for (const [policy, message] of [
    [[], "the whole must be an object, not an array"],
    [
      { ...good, issuers: undefined },
      "`issuers` must name at least one account (A…): whoever signs components and providers",
    ],
    [
      { ...good, issuers: [host] },
      "`issuers` has at place 0 no public key of an account (A…): it is of another kind",
    ],
    [
      { ...good, issuers: [issuer, "me"] },
      "`issuers` has at place 1 no public key of an account (A…): it has a character outside A-Z and 2-7",
    ],
    [
      { ...good, hosts: undefined },
      '`hosts` must be "any", or a list of public keys of hosts (N…)',
    ],
    [{ ...good, hosts: "all" }, "`hosts` must be an array, not a string"],
    [{ ...good, host: [] }, "`host` is not known; did you mean `hosts`?"],
    [{ ...good, rules: {} }, "`rules` must be an array, not an object"],
    [{ ...good, rules: [7] }, "`rules[0]` must be an object, not a number"],
    [
      { ...good, rules: [{ keys: ["a"] }] },
      '`rules[0].entities` must be "mapped", or a list of public keys of components (M…) and providers (V…)',
    ],
    [
      { ...good, rules: [{ entities: [issuer], keys: ["a"] }] },
      "`rules[0].entities` has at place 0 no public key of a component (M…) or a provider (V…): it is of another kind",
    ],
    [
      { ...good, rules: [{ entities: "mapped" }] },
      "`rules[0].keys` must be a list of keys or patterns",
    ],
    [
      { ...good, rules: [{ entities: "mapped", keys: ["a", "a b"] }] },
      "`rules[0].keys` has at place 1 what can be no key: letters, digits and - / _ = . make one, * and ** a pattern",
    ],
    [
      { ...good, rules: [{ entities: "mapped", key: ["a"] }] },
      "`rules[0].key` is not known; did you mean `keys`?",
    ],
    [
      { ...good, rules: [good.rules[0], { ...good.rules[1], name: "mapped" }] },
      "`rules[1].name` is the name of another rule, too",
    ],
    [
      { ...good, operations: ["drop"] },
      '`operations` may have "put_secret", "add_mapping", "remove_mapping" and nothing else',
    ],
  ] as const)
    test(`is refused: ${message}`, () => {
      assert.throws(() => read(policy), { name: "JsonError", message });
    });
});

test("patterns: * stays within a part of a key, ** goes on; all else is itself", () => {
  for (const [pattern, yes, no] of [
    ["a", ["a"], ["aa", "", "b"]],
    ["a.b", ["a.b"], ["axb"]],
    ["*", ["a", ""], ["a/b", "a.b"]],
    ["a/*/c", ["a/b/c", "a//c"], ["a/b/b/c", "a/b.b/c"]],
    ["a/**", ["a/", "a/b/c.d"], ["a", "ab"]],
    ["**", ["a", "a/b.c", ""], []],
    ["a=*-_", ["a=x-_"], ["a=x-"]],
  ] as const) {
    const matches = patternTest(pattern);
    for (const key of yes)
      assert.equal(matches(key), true, `${pattern} ${key}`);
    for (const key of no)
      assert.equal(matches(key), false, `${pattern} ${key}`);
  }
});

test("a policy file is followed, also through links; what cannot be used is told once and changes nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "keyturn-policy-"));
  const path = join(folder, "policy.json");
  const write = (name: string, value: unknown): void => {
    writeFileSync(join(folder, name), JSON.stringify(value));
    symlinkSync(name, join(folder, "next"));
    renameSync(join(folder, "next"), path);
  };
  write("one", good);
  let changes = 0;
  const refusals: string[] = [];
  try {
    using file = new PolicyFile(
      path,
      {
        changed: () => changes++,
        refused: (error) => refusals.push((error as Error).message),
      },
      5,
    );
    const first = file.current;
    write("two", { ...good, hosts: "any", operations: ["put_secret"] });
    await until("the change", 5000, () => changes === 1);
    assert.equal(file.current.permits("put_secret"), true);
    write("three", { ...good, issuers: [] });
    await until("the refusal", 5000, () => refusals.length === 1);
    assert.equal(
      refusals[0],
      `The policy file ${path} cannot be used: \`issuers\` must name at least one account (A…): whoever signs components and providers. Correct it at that path; \`keyturn secrets serve --help\` shows one.`,
    );
    rmSync(path);
    await until("the loss", 5000, () => refusals.length === 2);
    assert.match(refusals[1] ?? "", /^The policy file \S+ cannot be read\./);
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal(refusals.length, 2);
    assert.equal(file.current.permits("put_secret"), true);
    write("four", good);
    await until("the change back", 5000, () => changes === 2);
    assert.notEqual(file.current, first);
    assert.equal(file.current.permits("put_secret"), false);
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.throws(
    () => new PolicyFile(path, { changed: () => {}, refused: () => {} }),
    { code: "CLI_FILE_UNREADABLE" },
  );
});
