import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import { generateSeed } from "@keyturn/nats";

import { typed, type Typed } from "../testing/typed.test.fixture.js";
import { ParLab } from "./testing/par-lab.test.js";

describe("keys of keyturn par", () => {
  let lab: ParLab;
  const at = (name: string): string => lab.at(name);
  before(async () => {
    lab = await ParLab.make();
  });
  after(() => lab[Symbol.dispose]());

  const issuerOf = async (content: string, mode = 0o600): Promise<Typed> => {
    writeFileSync(at("other.nk"), content);
    chmodSync(at("other.nk"), mode);
    return typed(
      ["par", "create", "--out", at("keys.par")].concat(
        ["--issuer", at("other.nk"), "--provider", lab.provider.publicKey],
        ["--binary", `x86_64-linux=${at("script")}`],
      ),
    );
  };
  const seed = (kind: "account" | "user"): string => generateSeed(kind);

  test("may be those of wash (a line without an end) and nk (with the public key)", async () => {
    const text = seed("account");
    assert.equal((await issuerOf(text)).code, 0);
    assert.equal((await issuerOf(`${text}\r\nAPUBLIC\n`)).code, 0);
  });

  test("that others may read are warned of", async () => {
    const { code, stderr } = await issuerOf(seed("account"), 0o644);
    assert.equal(code, 0);
    assert.equal(
      stderr,
      `warning: The issuer's key in ${at("other.nk")} can be read by others. Close it: \`chmod 600 ${at("other.nk")}\`.\n`,
    );
  });

  test("of another kind, or none, are refused without a word of what they are", async () => {
    const make = "Make one: `keyturn par keygen --help`.";
    const user = seed("user");
    const { stderr, code } = await issuerOf(user);
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `error: The issuer's key in ${at("other.nk")} is of kind user; accounts issue providers (\`SA…\`). ${make}\n`,
    );
    const broken = await issuerOf(user.slice(0, -1));
    assert.equal(
      broken.stderr,
      `error: The issuer's key in ${at("other.nk")} is not the seed of an account key (SA and 56 more characters): its checksum is wrong: a character is missing, added or changed. ${make}\n`,
    );
  });

  test("of a provider may be public, itself or in a file", async () => {
    const createFor = (given: string): Promise<Typed> =>
      typed(
        ["par", "create", "--out", at("public.par")].concat(
          ["--issuer", at("issuer.nk")],
          ["--provider", given],
        ),
      );
    writeFileSync(at("provider.pub"), `${lab.provider.publicKey}\n`);
    for (const given of [lab.provider.publicKey, at("provider.pub")]) {
      const { stdout, stderr } = await createFor(given);
      assert.equal(stderr, "");
      assert.ok(stdout.includes(`provider        ${lab.provider.publicKey}\n`));
    }
    writeFileSync(at("account.nk"), seed("account"), { mode: 0o600 });
    const { stderr } = await createFor(at("account.nk"));
    assert.equal(
      stderr,
      `error: The provider's key in ${at("account.nk")} is of kind account; a provider's begins with \`SV\`. Make one: \`keyturn par keygen --help\`.\n`,
    );
  });

  test("are made on purpose, and never over another", async () => {
    const file = at("new.nk");
    const made = await typed(["par", "keygen", "provider", file]);
    assert.match(made.stdout, /^V[A-Z2-7]{55}\n$/);
    assert.match(readFileSync(file, "utf8"), /^SV[A-Z2-7]{56}\n$/);
    const again = await typed(["par", "keygen", "issuer", file]);
    assert.equal(
      again.stderr,
      `error: ${file} is there already, and what it holds may still be needed. Choose another name: \`keyturn par keygen issuer FILE\`.\n`,
    );
    const other = await typed(["par", "keygen", "host", at("x.nk")]);
    assert.equal(
      other.stderr,
      "error: The KIND of `keyturn par keygen` is `issuer` or `provider`. Look at what it takes: `keyturn par keygen --help`.\n",
    );
  });
});
