import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { refuses } from "../errors/refuses.test.fixture.js";
import { Secret } from "../secret/secret.js";
import type { Material } from "./material.js";
import { valueToMaterial } from "./value.js";

const place = "nats-kv://creds/orders";
const take = (value: string | Uint8Array): Material =>
  valueToMaterial(
    typeof value === "string"
      ? Secret.fromText(value)
      : Secret.fromBytes(value.slice()),
    place,
  );

function shown(material: Material): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(material).map(([name, part]: [string, unknown]) => [
      name,
      part instanceof Secret ? part.revealText() : part,
    ]),
  );
}

const creds = "before\n-----BEGIN NATS USER JWT-----\nx\n";
/** As long as a seed, and of its letters; no key. */
const seed = `S${"A".repeat(57)}`;

describe("one value", () => {
  test("is a credentials file, an object of fields, or a seed", () => {
    assert.deepEqual(shown(take(creds)), { creds });
    assert.deepEqual(shown(take(`\n${seed}\n`)), { nkeySeed: `\n${seed}\n` });
    assert.deepEqual(
      shown(
        take('{ "jwt": "j", "seed": "s", "n": 1, "deep": { "seed": "t" } }'),
      ),
      { jwt: "j", seed: "s" },
    );
    assert.deepEqual(shown(take('\ufeff{"user":"u","password":"p"}')), {
      user: "u",
      password: "p",
    });
  });

  test("that is nothing of that is told by what it is", () => {
    const next =
      "Put the text of a `.creds` file there, or fields `jwt` and `seed`.";
    for (const [value, why] of [
      ["", "it is empty"],
      [" \n", "it is empty"],
      [Uint8Array.of(0xff, 0xfe), "it is not text"],
      ["x".repeat(65_537), "it has 65537 bytes, more than 65536"],
      [
        "hunter2",
        "it is neither the text of a `.creds` file, nor a JSON object with fields such as `jwt` and `seed`, nor a seed",
      ],
      ['{"jwt":', "it begins as JSON, but a value expected at byte 7 in `jwt`"],
    ] as const)
      refuses(
        () => take(value),
        "STORE_VALUE_INVALID",
        `What ${place} has is no credential: ${why}. ${next}`,
      );
  });

  test("is wiped, unless it is the result", (context) => {
    const wipe = context.mock.method(Secret.prototype, "wipe");
    take(creds);
    assert.equal(wipe.mock.callCount(), 0);
    take('{"token":"t","other":"o"}');
    // The text, and the field that is none of the credential.
    assert.equal(wipe.mock.callCount(), 2);
    assert.throws(() => take("hunter2"));
    assert.equal(wipe.mock.callCount(), 3);
  });
});
