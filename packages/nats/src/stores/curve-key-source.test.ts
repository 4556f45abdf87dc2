import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { Secret } from "../secret/secret.js";
import { refuses, rejects } from "../errors/refuses.test.fixture.js";
import { CurveKey } from "../xkey/curve-key.js";
import { curveKeyFrom, type KeptKey } from "./curve-key-source.js";
import { aUser, VaultLab } from "./vault/vault-lab.test.fixture.js";

const seed = CurveKey.generateSeed();
const { publicKey } = CurveKey.fromSeed(Buffer.from(seed));
const { signal } = new AbortController();

const read = async (reference: string): Promise<KeptKey> =>
  curveKeyFrom(reference).read(signal);

describe("a curve key", () => {
  let lab: VaultLab;
  before(async () => {
    lab = await VaultLab.open();
    chmodSync(lab.folder, 0o755);
  });
  after(() => lab[Symbol.asyncDispose]());

  const file = (name: string, content: string, mode = 0o600): string => {
    const path = join(lab.folder, name);
    writeFileSync(path, content, { mode });
    return path;
  };

  test("comes from a file, with what is to be said of that", async () => {
    const own = await read(`file://${file("own.key", `${seed}\n`)}`);
    assert.equal(own.key.publicKey, publicKey);
    assert.equal(own.origin.plaintext, false);
    const open = await read(`file://${file("open.key", seed, 0o644)}`);
    assert.equal(open.origin.plaintext, true);
    assert.match(open.origin.hint ?? "", /chmod 600/);
  });

  test("comes from a variable, which is gone then if that is wanted", async () => {
    process.env["KEYTURN_TEST_SEAL"] = seed;
    const reference = "env:KEYTURN_TEST_SEAL?remove=true";
    assert.equal((await read(reference)).key.publicKey, publicKey);
    assert.equal(process.env["KEYTURN_TEST_SEAL"], undefined);
    assert.equal((await read(reference)).key.publicKey, publicKey);
  });

  test("comes from a program, and from a vault", async () => {
    const program = file(
      "give",
      `#!/bin/sh\necho '{"nkey_seed":"${seed}"}'\n`,
      0o700,
    );
    assert.equal((await read(`exec:${program}`)).key.publicKey, publicKey);
    lab.vault.put({ key: seed });
    const kept = await read(`${lab.reference()}&field=key`);
    assert.equal(kept.key.publicKey, publicKey);
    assert.equal(kept.origin.version, "1");
  });

  test("is not taken for one where something else lies, and that is not shown", async () => {
    const user = await aUser();
    const where = (name: string): string => `file://${join(lab.folder, name)}`;
    file("user.nk", user.seed);
    file("user.creds", user.creds);
    for (const [name, why] of [
      ["user.nk", "it is the seed of a key of kind user, not curve"],
      ["user.creds", "it is a credential"],
    ] as const)
      await rejects(
        read(where(name)),
        "STORE_VALUE_INVALID",
        `What ${where(name)} has is no seed of a curve key (SX and 56 more characters): ${why}. Put the seed there, alone.`,
      );
    await rejects(
      read("nsc://operator/account/user"),
      "REFERENCE_INVALID",
      "The reference `nsc:` is for credentials, and a seal key is none. Keep it in another store: `file:///run/secrets/seal.key`.",
    );
    refuses(
      () => curveKeyFrom(seed),
      "REFERENCE_INVALID",
      "The credential reference cannot be read: it is a seed. Write where the credential lies: `file:///run/secrets/nats.creds`.",
    );
  });

  test("leaves no bytes of its seed", async (t) => {
    const made: Secret[] = [];
    const { fromBytes } = Secret;
    t.mock.method(Secret, "fromBytes", (bytes: Uint8Array) => {
      const secret = fromBytes.call(Secret, bytes);
      made.push(secret);
      return secret;
    });
    await read(`file://${file("wiped.key", seed)}`);
    assert.ok(made.length > 0);
    for (const secret of made) assert.equal(secret.wiped, true);
  });
});
