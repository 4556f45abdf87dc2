import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";

import { typed } from "../testing/typed.test.fixture.js";
import { readArchive } from "./read-archive.js";
import { ParLab, script, scriptHash } from "./testing/par-lab.test.js";

describe("keyturn par inspect", () => {
  let lab: ParLab;
  const at = (name: string): string => lab.at(name);
  before(async () => {
    lab = await ParLab.make();
  });
  after(() => lab[Symbol.dispose]());

  const good = { "x86_64-linux.bin": script };
  const wrong: [string, () => Record<string, Buffer>, string][] = [
    [
      "no token",
      () => good,
      "There is no token in it (`claims.jwt`). Sign it.",
    ],
    [
      "no executable",
      () => ({ "claims.jwt": lab.token({ target_hashes: {} }) }),
      "There is no executable in it. Add one for the host's target, for example `x86_64-linux.bin`.",
    ],
    [
      "a changed executable",
      () => ({
        "claims.jwt": lab.token(),
        "x86_64-linux.bin": Buffer.from("#!/x\n"),
      }),
      "The bytes of `x86_64-linux` are not those that were signed: hosts refuse it.",
    ],
    [
      "an executable without a hash",
      () => ({ "claims.jwt": lab.token({ target_hashes: {} }), ...good }),
      "The token has no hash for `x86_64-linux`: hosts crash on it.",
    ],
    [
      "an executable that is none",
      () => ({
        "claims.jwt": lab.token({
          target_hashes: { "x86_64-linux": hash("echo") },
        }),
        "x86_64-linux.bin": Buffer.from("echo"),
      }),
      "No host can start `x86_64-linux`. It is neither an executable nor a script that begins with `#!`.",
    ],
    [
      "a script with the line ends of Windows",
      () => ({
        "claims.jwt": lab.token({
          target_hashes: { "x86_64-linux": hash("#!/usr/bin/env node\r\n") },
        }),
        "x86_64-linux.bin": Buffer.from("#!/usr/bin/env node\r\n"),
      }),
      "No host can start `x86_64-linux`. Its first line ends with CR LF: the kernel looks for an interpreter with a CR in its name.",
    ],
    [
      "interfaces without a hash",
      () => ({ "claims.jwt": lab.token(), ...good, "world.wasm": script }),
      "The token has no hash for `world.wasm`: hosts crash on it.",
    ],
    [
      "a token that nobody can read",
      () => ({ "claims.jwt": Buffer.from("a.b.c"), ...good }),
      "The token cannot be read: its header is not base64url.",
    ],
    [
      "a token without the vendor",
      () => ({ "claims.jwt": lab.token({ vendor: undefined }), ...good }),
      "The token names no vendor, without which hosts refuse it.",
    ],
    [
      "a token that has expired",
      () => ({ "claims.jwt": lab.token({}, { exp: 1 }), ...good }),
      "The token has expired (1970-01-01T00:00:01.000Z): no secrets backend gives it anything.",
    ],
    [
      "a token that is not valid yet",
      () => ({ "claims.jwt": lab.token({}, { nbf: 32_503_680_000 }), ...good }),
      "The token is not valid yet (before 3000-01-01T00:00:00.000Z).",
    ],
    [
      "two of a name",
      () => ({ "claims.jwt": lab.token(), ...good, "x86_64-linux": script }),
      "Several entries are called `x86_64-linux`; hosts take the last.",
    ],
    [
      "a token that was changed",
      () => {
        const [head, , signature] = lab.token().toString().split(".");
        const body = lab.token({ name: "evil" }).toString().split(".")[1];
        return {
          "claims.jwt": Buffer.from(`${head}.${body}.${signature}`),
          ...good,
        };
      },
      "The signature of the token is not its issuer's: it was changed after it was signed. Hosts start the provider all the same; no secrets backend gives it anything.",
    ],
  ];
  for (const [what, entries, message] of wrong)
    test(`tells of ${what}`, async () => {
      const path = lab.archive("wrong.par", entries());
      const { code, stderr } = await typed(["par", "inspect", path]);
      assert.equal(code, 1);
      assert.equal(
        stderr,
        `error: ${path} will not do: ${message} Make it anew (\`keyturn par create --help\`), or sign it anew (\`keyturn par sign --help\`).\n`,
      );
    });

  test("warns of what hosts take, but is hardly meant", async () => {
    const wascap = {
      name: undefined,
      target_hashes: {
        "x86_64-linux": scriptHash,
        "arm-linux": scriptHash,
        gone: scriptHash,
      },
    };
    const path = lab.archive("odd.par", {
      "claims.jwt": lab.token(wascap, { sub: lab.issuer.publicKey }),
      ...good,
      "arm-linux.bin": script,
    });
    const { code, stderr } = await typed(["par", "inspect", path]);
    assert.equal(code, 0);
    assert.deepEqual(stderr.trimEnd().split("\n"), [
      "warning: The provider's own key is of kind account; a provider's is `V…`.",
      "warning: The token names no provider; hosts show it as unnamed.",
      "warning: No host has the target `arm-linux`. There are: x86_64-linux, aarch64-linux, x86_64-macos, aarch64-macos, x86_64-windows.",
      "warning: The token has a hash for `gone`, which is not in the archive.",
    ]);
  });

  const unreadable: [string, Buffer, string][] = [
    ["an executable", script, "it is no tar"],
    ["something in gzip", gzipSync(script), "it is no tar in gzip"],
    ["half a gzip", gzipSync(script).subarray(0, 20), "its gzip is damaged"],
  ];
  for (const [what, bytes, reason] of unreadable)
    test(`tells of ${what}: ${reason}`, async () => {
      writeFileSync(at("no.bin"), bytes);
      const { code, stderr } = await typed(["par", "inspect", at("no.bin")]);
      assert.equal(code, 1);
      assert.equal(
        stderr,
        `error: ${at("no.bin")} is no provider archive: ${reason}. Copy it again, whole, or make one: \`keyturn par create --help\`.\n`,
      );
    });

  test("reads and unpacks no more than a bound", () => {
    writeFileSync(at("bomb.par.gz"), gzipSync(Buffer.alloc(100_000)));
    const help =
      "Copy it again, whole, or make one: `keyturn par create --help`.";
    assert.throws(() => readArchive(at("bomb.par.gz"), 50_000), {
      message: `${at("bomb.par.gz")} is no provider archive: it unpacks to more than 50000 bytes. ${help}`,
    });
    assert.throws(() => readArchive(at("bomb.par.gz"), 50), {
      code: "CLI_FILE_UNREADABLE",
    });
  });

  test("lets nothing in an archive speak to a terminal", async () => {
    const path = lab.archive("rude.par", {
      "claims.jwt": lab.token({ name: "\u001B[2J", vendor: "a\nb" }),
      ...good,
      "\u001B[31m.bin": script,
    });
    const { stdout, stderr } = await typed(["par", "inspect", path]);
    assert.ok(!stdout.includes("\u001B") && !stderr.includes("\u001B"));
  });
});

describe("keyturn par sign", () => {
  let lab: ParLab;
  const at = (name: string): string => lab.at(name);
  before(async () => {
    lab = await ParLab.make();
  });
  after(() => lab[Symbol.dispose]());

  test("keeps what the old token says, but for what is given", async () => {
    await lab.create("old.par.gz", "--revision", "3");
    await typed(["par", "keygen", "issuer", at("second.nk")]);
    const { code, stdout } = await typed(
      ["par", "sign", at("old.par.gz"), "--out", at("new.par")].concat([
        "--issuer",
        at("second.nk"),
        "--vendor",
        "other",
        "--json",
      ]),
    );
    assert.equal(code, 0);
    const { stdout: before } = await typed([
      "par",
      "inspect",
      at("old.par.gz"),
      "--json",
    ]);
    const [old, now] = [before, stdout].map(
      (text) => JSON.parse(text) as Record<string, unknown>,
    );
    assert.notEqual(now?.["issuer"], old?.["issuer"]);
    for (const name of ["file", "bytes", "isCompressed", "issuer"]) {
      delete old?.[name];
      delete now?.[name];
    }
    assert.deepEqual(now, { ...old, vendor: "other" });
  });

  test("mends an archive without a token, told what it is", async () => {
    const path = lab.archive("bare.par", {
      "x86_64-linux.bin": script,
      "world.wasm": Buffer.from("\0asm"),
    });
    const args = ["par", "sign", path, "--issuer", at("issuer.nk")].concat([
      "--out",
      path,
      "--provider",
      lab.provider.publicKey,
    ]);
    assert.equal(
      (await typed(args)).stderr,
      `error: The token in ${path} does not tell the name, and \`--name\` was not given. Give it: \`keyturn par sign ${path} --name …\`.\n`,
    );
    const { code, stderr } = await typed([
      ...args,
      "--name",
      "n",
      "--vendor",
      "v",
    ]);
    assert.equal(stderr, "");
    assert.equal(code, 0);
  });
});

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").toUpperCase();
}
