import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { createCurve, fromCurveSeed } from "@nats-io/nkeys";

import { Secret } from "@keyturn/nats";

import { sealKeys } from "./seal-keys.js";

const utf8 = new TextEncoder();
const owner = "component echo, link default (wasmcloud:messaging)";
const restart =
  " Restart the provider, so that host and provider share new keys and the host seals the secrets again.";

// What a wasmCloud host seals for a link, with the key bytes 1 to 32 (in two parts, so that a search
// for seeds in the repository finds none).
const vectorSeed =
  "SXAACAQDAQCQMBYIBEFAWDANBYHRA" + "EISCMKBKFQXDAMRUGY4DUPB6IC6WE";
const vectorHost = "XBUJMZHVOPQ2SK5VD3TY4VNBPVU2YFGRLK6EFPEPSMVDUYEBSROWZCEA";
const vectorSealed = Buffer.from(
  "786b7631a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7" +
    "d76dfa54f559d515e7041a98d98419d7" +
    "6ac44e1585768a3f1e2a3873ea476bc80decd0a9c577a5bc9eafd6bb5ff8e520a07f29c32fd937917f14468d3efbcd",
  "hex",
);

describe("sealKeys", () => {
  const host = createCurve();
  const provider = createCurve();
  const keys = sealKeys(
    Secret.fromBytes(provider.getSeed()),
    host.getPublicKey(),
  );
  const seal = (text: string): Uint8Array =>
    host.seal(utf8.encode(text), provider.getPublicKey());

  test("opens what a wasmCloud host sealed", () => {
    const opened = sealKeys(Secret.fromText(vectorSeed), vectorHost);
    assert.equal(
      opened.publicKey,
      "XAD2G7F4CQQJHSFXKXOBWEHINS2CMN2K2FVKQU7NBPP4BMVYNUOHZWPX",
    );
    const secrets = opened.open(vectorSealed, owner);
    assert.equal(secrets.get("client_seed")?.revealText(), "SUA");
  });

  test("opens both kinds of secret values", () => {
    const secrets = keys.open(
      seal(
        '{"a":{"kind":"String","value":"é"},"b":{"kind":"Bytes","value":[0,255]}}',
      ),
      owner,
    );
    assert.equal(secrets.get("a")?.revealText(), "é");
    secrets.get("b")?.use((bytes) => assert.deepEqual([...bytes], [0, 255]));
  });

  test("wipes the seed it was given", () => {
    const seed = Secret.fromBytes(createCurve().getSeed());
    sealKeys(seed, host.getPublicKey());
    assert.ok(seed.wiped);
  });

  test("refuses a seal for another key, by another key, or changed", () => {
    const forOther = host.seal(utf8.encode("{}"), createCurve().getPublicKey());
    const byOther = createCurve().seal(
      utf8.encode("{}"),
      provider.getPublicKey(),
    );
    const changed = seal("{}");
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    for (const sealed of [forOther, byOther, changed])
      assert.throws(() => keys.open(sealed, owner), {
        code: "PROVIDER_SEAL_WRONG_KEY",
        message: `The sealed secrets of ${owner} (46 bytes) do not open with the keys of this host and provider.${restart}`,
      });
  });

  test("refuses what has not the form of a seal", () => {
    const wrongPrefix = seal("{}");
    wrongPrefix[3] = 0x32;
    for (const sealed of [
      new Uint8Array(0),
      seal("").subarray(0, 28),
      wrongPrefix,
    ])
      assert.throws(() => keys.open(sealed, owner), {
        code: "PROVIDER_SEAL_MALFORMED",
        message: `The sealed secrets of ${owner} (${sealed.length} bytes) have no valid seal. Delete and put the link, so that the host seals its secrets again.`,
      });
  });

  test("refuses opened secrets of another shape, without showing them", () => {
    const cases = [
      ["SUACANARY", "a value expected at byte 0"],
      ['["SUACANARY"]', "the whole must be an object, not an array"],
      ['{"a":"SUACANARY"}', "`a` must be an object, not a string"],
      [
        '{"a":{"kind":"String","value":7}}',
        "`a.value` must be a string or an array of integers 0 to 255, not a number",
      ],
      [
        '{"a":{"kind":"SUACANARY","value":""}}',
        '`a.kind` must be "String" or "Bytes"',
      ],
    ] as const;
    for (const [text, problem] of cases)
      assert.throws(() => keys.open(seal(text), owner), {
        code: "PROVIDER_SECRETS_MALFORMED",
        message: `The opened secrets of ${owner} are malformed: ${problem}. Check which host version sealed them; a wasmCloud 1.x host sends this form.`,
      });
  });

  test("wipes the opened bytes", (context) => {
    const pair = fromCurveSeed(provider.getSeed());
    const opened: (Uint8Array | null)[] = [];
    const prototype = Object.getPrototypeOf(pair) as typeof pair;
    const original = prototype.open;
    context.mock.method(
      prototype,
      "open",
      function (this: typeof pair, sealed: Uint8Array, from: string) {
        const bytes = original.call(this, sealed, from);
        opened.push(bytes);
        return bytes;
      },
    );
    const secrets = keys.open(
      seal('{"a":{"kind":"String","value":"x"}}'),
      owner,
    );
    assert.throws(() => keys.open(seal("{]"), owner));
    assert.equal(opened.length, 2);
    for (const bytes of opened) assert.ok(bytes?.every((byte) => byte === 0));
    assert.equal(secrets.get("a")?.revealText(), "x");
  });

  test("a host before 1.1 gives no keys; then sealed secrets are refused", () => {
    const none = sealKeys(undefined, "");
    assert.equal(none.publicKey, undefined);
    const onlySeed = sealKeys(Secret.fromBytes(provider.getSeed()), "");
    for (const either of [none, onlySeed])
      assert.throws(() => either.open(seal("{}"), owner), {
        code: "PROVIDER_SEAL_KEYS_MISSING",
        message: `The link of ${owner} has sealed secrets, and HostData held no curve keys. Use a host of wasmCloud 1.1 or newer for links with secrets.`,
      });
  });

  test("refuses malformed keys without showing them", () => {
    const next =
      " Restart the provider, so that the host makes new keys; if it stays, report this with the host's version.";
    const cases: [Secret | undefined, string, string][] = [
      [
        undefined,
        host.getPublicKey(),
        "HostData has `host_xkey_public_key` but no `provider_xkey_private_key`.",
      ],
      [
        Secret.fromText("SXCANARY"),
        "",
        "`provider_xkey_private_key` in HostData is not a curve seed (SX and 56 more characters).",
      ],
      [
        Secret.fromText(vectorSeed.replace("Q", "A")),
        "",
        "`provider_xkey_private_key` in HostData is not a curve seed (SX and 56 more characters).",
      ],
      [
        Secret.fromText(vectorSeed),
        "XCANARY",
        "`host_xkey_public_key` in HostData is not a public curve key (X and 55 more characters).",
      ],
    ];
    for (const [seed, hostXkey, problem] of cases)
      assert.throws(() => sealKeys(seed, hostXkey), {
        code: "PROVIDER_XKEY_INVALID",
        message: problem + next,
      });
  });
});
