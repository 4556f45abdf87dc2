import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { refuses } from "../errors/refuses.test.fixture.js";
import { parseReference, type Reference } from "./reference.js";

const parts = (text: string): unknown[] => {
  const { scheme, authority, path, parameters }: Reference =
    parseReference(text);
  return [scheme, authority, path, Object.fromEntries(parameters)];
};

test("right forms", () => {
  const forms: [string, unknown[]][] = [
    ["file:///run/secrets/a", ["file", "", "/run/secrets/a", {}]],
    ["env:NATS_CREDS", ["env", "", "NATS_CREDS", {}]],
    ["vault://kv/nats/orders", ["vault", "kv", "/nats/orders", {}]],
    ["nsc://my%20op/A/u", ["nsc", "my op", "/A/u", {}]],
    ["aws-sm:x?region=eu&v=1", ["aws-sm", "", "x", { region: "eu", v: "1" }]],
    ["file:///a%20b%3Fc%23?jwt=x%26y", ["file", "", "/a b?c#", { jwt: "x&y" }]],
    ['exec:/x?args=["a","b=c"]', ["exec", "", "/x", { args: '["a","b=c"]' }]],
    ["a:?b=", ["a", "", "", { b: "" }]],
    ["a://b", ["a", "b", "", {}]],
    ["file:///é/ü", ["file", "", "/é/ü", {}]],
  ];
  for (const [text, expected] of forms)
    assert.deepEqual(parts(text), expected, text);
});

test("what is no reference is refused without being quoted", () => {
  const seed = `SU${"A".repeat(56)}`;
  const cases: [string, string][] = [
    [
      "",
      "The credential reference cannot be read: it is empty. Write where the credential lies: `file:///run/secrets/nats.creds`.",
    ],
    [
      seed,
      "The credential reference cannot be read: it is a seed. Write where the credential lies: `file:///run/secrets/nats.creds`.",
    ],
    [
      "eyJ0eXAiOiJKV1QifQ.e30.c2ln",
      "The credential reference cannot be read: it is a JWT. Write where the credential lies: `file:///run/secrets/nats.creds`.",
    ],
    [
      "-----BEGIN NATS USER JWT-----\n",
      "The credential reference cannot be read: it is the text of a credentials file. Write where the credential lies: `file:///run/secrets/nats.creds`.",
    ],
    [
      `file:${"/a".repeat(3000)}`,
      "The credential reference cannot be read: it has 6005 characters, more than 4096. Write where the credential lies: `file:///run/secrets/nats.creds`.",
    ],
    [
      "/run/secrets/nats.creds",
      "The credential reference cannot be read: it does not begin with a scheme (column 1). Write a file as `file:///path`.",
    ],
    [
      "NATS_CREDS",
      "The credential reference cannot be read: it does not begin with a scheme (column 1). Write it as `scheme:path`: `file:///run/secrets/nats.creds`, `env:NATS_CREDS`.",
    ],
    [
      "File:///a",
      "The credential reference cannot be read: its scheme has capital letters (column 1). Write `file:`.",
    ],
    [
      "file:///my secrets",
      "The credential reference `file:` cannot be read: there is a blank (column 11). Write `%20`.",
    ],
    [
      "file:///a\n",
      "The credential reference `file:` cannot be read: there is a character that cannot be seen (column 10). Leave it out.",
    ],
    [
      "file:///a#b",
      "The credential reference `file:` cannot be read: there is a `#` (column 10). A reference has no fragment; write `%23` if it is part of a name.",
    ],
    [
      "file:///a{b",
      "The credential reference `file:` cannot be read: there is a `{` (column 10). Write `%7B`.",
    ],
    [
      "nats://me:secret@host/x",
      "The credential reference `nats:` cannot be read: it has user information (column 17). Leave out what stands before `@`: a reference holds no secret.",
    ],
    [
      "file:///a/../b",
      "The credential reference `file:` cannot be read: its path has `..` in it (column 11). Write the path without.",
    ],
    [
      "file:///a/%2E%2e/b",
      "The credential reference `file:` cannot be read: its path has `..` in it (column 11). Write the path without.",
    ],
    [
      "nsc://o/a%2Fb",
      "The credential reference `nsc:` cannot be read: a name in its path has an encoded `/` in it (column 9). Write `/` between names only.",
    ],
    [
      "file:///a%2",
      "The credential reference `file:` cannot be read: there is a `%` without two hexadecimal digits (column 10). Write a percent sign as `%25`.",
    ],
    [
      "file:///a%ff",
      "The credential reference `file:` cannot be read: its percent-encoding is no UTF-8 (column 10). Write a percent sign as `%25`.",
    ],
    [
      "file:///a%00",
      "The credential reference `file:` cannot be read: it has an encoded control character (column 9). Leave it out.",
    ],
    [
      "file:///a?",
      "The credential reference `file:` cannot be read: there is no parameter with a value (column 11). Write parameters as `?key=value&key=value`.",
    ],
    [
      "file:///a?b&c=1",
      "The credential reference `file:` cannot be read: there is no parameter with a value (column 11). Write parameters as `?key=value&key=value`.",
    ],
    [
      "file:///a?b=1&b=2",
      "The credential reference `file:` cannot be read: a parameter stands there again (column 15). Write each parameter once.",
    ],
  ];
  for (const [text, message] of cases)
    refuses(() => parseReference(text), "REFERENCE_INVALID", message);
});

test("whatever was encoded comes back, and no text makes it fail in another way", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (name) => {
      // oxlint-disable-next-line no-control-regex -- they are refused
      fc.pre(!/[\u0000-\u001f\u007f/]/.test(name) && !/^\.\.?$/.test(name));
      const encoded = encodeURIComponent(name);
      assert.deepEqual(parts(`x://${encoded}/${encoded}?p=${encoded}`), [
        "x",
        name,
        `/${name}`,
        { p: name },
      ]);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      try {
        parseReference(`x:${text}`);
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, "REFERENCE_INVALID");
      }
    }),
  );
});
