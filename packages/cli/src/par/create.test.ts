import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";

import { configKeys, providerScript } from "@keyturn/messaging";
import { readClaims } from "@keyturn/nats/wasmcloud-secrets";

import { typed } from "../testing/typed.test.fixture.js";
import { readTar } from "./tar.js";
import { ParLab, scriptHash } from "./testing/par-lab.test.js";

describe("keyturn par create", () => {
  let lab: ParLab;
  const at = (name: string): string => lab.at(name);
  before(async () => {
    lab = await ParLab.make();
  });
  after(() => lab[Symbol.dispose]());

  test("makes the messaging provider for hosts with Node.js", async () => {
    const { code, stdout, stderr } = await lab.create("messaging.par.gz");
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.match(stdout, /^name {12}keyturn-messaging\nvendor {10}Keyturn\n/);
    assert.match(
      stdout,
      /\nx86_64-linux {4}.*, script of \/usr\/bin\/env node\n/,
    );
    const tar = gunzipSync(readFileSync(at("messaging.par.gz")));
    const [claims, ...targets] = readTar(tar);
    const bytes = readFileSync(providerScript);
    assert.deepEqual(
      targets.map(({ name }) => name),
      ["aarch64-linux", "aarch64-macos", "x86_64-linux", "x86_64-macos"].map(
        (target) => `${target}.bin`,
      ),
    );
    for (const { data } of targets) assert.ok(data.equals(bytes));
    assert.equal(claims?.name, "claims.jwt");
    const read = readClaims(String(claims?.data));
    assert.equal(read.isSigned, true);
    assert.equal(read.issuer, lab.issuer.publicKey);
    assert.equal(read.claims.sub, lab.provider.publicKey);
    const { target_hashes: hashes, config_schema: schema } = read.claims
      .wascap as {
      target_hashes: Record<string, string>;
      config_schema: { properties: Record<string, Record<string, unknown>> };
    };
    assert.equal(
      hashes["aarch64-linux"],
      createHash("sha256").update(bytes).digest("hex").toUpperCase(),
    );
    assert.deepEqual(Object.keys(schema.properties), Object.keys(configKeys));
    const { client_seed: seed, concurrency } = schema.properties;
    assert.equal(seed?.["writeOnly"], true);
    assert.equal(concurrency?.["default"], "256");
  });

  test("makes the same bytes of the same input", async () => {
    await lab.create("one.par.gz");
    await lab.create("two.par.gz");
    const one = readFileSync(at("one.par.gz"));
    assert.ok(one.equals(readFileSync(at("two.par.gz"))));
    await lab.create("three.par.gz", "--issued-at", "1");
    assert.ok(!one.equals(readFileSync(at("three.par.gz"))));
  });

  test("takes executables, and says of them what it is told", async () => {
    writeFileSync(at("schema.json"), '{"type":"object"}');
    const elf = Buffer.alloc(64);
    elf.write("\u007FELF", "latin1");
    elf.writeUInt16LE(183, 18);
    writeFileSync(at("arm"), elf);
    const { code, stdout } = await lab.create(
      "own.par",
      "--binary",
      `x86_64-linux=${at("script")}`,
      "--binary",
      `aarch64-linux=${at("arm")}`,
      "--name",
      "n",
      "--vendor",
      "v",
      "--version",
      "1.2",
      "--json",
      "--revision",
      "7",
      "--schema",
      at("schema.json"),
      "--issued-at",
      "1700000000",
    );
    assert.equal(code, 0);
    const { bytes, ...report } = JSON.parse(stdout) as { bytes: number };
    assert.equal(bytes, readFileSync(at("own.par")).length);
    assert.deepEqual(report, {
      file: at("own.par"),
      name: "n",
      vendor: "v",
      revision: 7,
      version: "1.2",
      issuer: lab.issuer.publicKey,
      subject: lab.provider.publicKey,
      issuedAt: 1_700_000_000,
      configSchema: { type: "object" },
      isCompressed: false,
      hasWorld: false,
      targets: [
        {
          target: "aarch64-linux",
          bytes: 64,
          sha256: createHash("sha256").update(elf).digest("hex").toUpperCase(),
          form: "ELF of aarch64-linux",
        },
        {
          target: "x86_64-linux",
          bytes: 20,
          sha256: scriptHash,
          form: "script of /usr/bin/env node",
        },
      ],
      findings: [],
    });
  });

  const help = "Look at what it takes: `keyturn par create --help`.";
  test("makes no key where one was expected", async () => {
    const before = readdirSync(lab.folder);
    const missing = await lab.create("none.par", "--issuer", at("none.nk"));
    assert.equal(missing.code, 2);
    const { code, stderr } = await typed(
      ["par", "create", "--out", at("none.par")].concat(
        ["--issuer", at("none.nk")],
        ["--provider", at("provider.nk")],
      ),
    );
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `error: The issuer's key cannot be read from ${at("none.nk")}: ENOENT: no such file or directory, stat '${at("none.nk")}'. Check its name and its mode: \`ls -l FILE\`.\n`,
    );
    assert.deepEqual(readdirSync(lab.folder), before);
  });

  const refused: [string, string[], string][] = [
    [
      "a target that no host has",
      ["--binary", "arm64-linux=FOLDER/script"],
      `No host has the target arm64-linux. There are: x86_64-linux, aarch64-linux, x86_64-macos, aarch64-macos, x86_64-windows. ${help}`,
    ],
    [
      "a target without a file",
      ["--binary", "x86_64-linux"],
      `The option \`--binary\` of \`keyturn par create\` is TARGET=FILE. ${help}`,
    ],
    [
      "a target twice",
      [
        "--binary",
        "x86_64-linux=FOLDER/script",
        "--binary",
        "x86_64-linux=FOLDER/script",
      ],
      `The option \`--binary\` of \`keyturn par create\` has the target x86_64-linux twice. ${help}`,
    ],
    [
      "what is no executable",
      ["--binary", "x86_64-linux=FOLDER/issuer.nk"],
      "No host can start FOLDER/issuer.nk. It is neither an executable nor a script that begins with `#!`. Look at what is needed: `keyturn par create --help`.",
    ],
    [
      "a schema that is no JSON",
      ["--schema", "FOLDER/script"],
      `The schema in FOLDER/script is no JSON. Look at what is needed: \`keyturn par create --help\`.`,
    ],
  ];
  for (const [what, args, message] of refused)
    test(`refuses ${what}`, async () => {
      const put = (text: string): string =>
        text.replaceAll("FOLDER", () => lab.folder);
      const { stderr, code } = await lab.create("no.par", ...args.map(put));
      assert.notEqual(code, 0);
      assert.equal(stderr, `error: ${put(message)}\n`);
      assert.ok(!readdirSync(lab.folder).includes("no.par"));
    });

  test("refuses an executable of another target", async () => {
    const elf = Buffer.alloc(64);
    elf.write("\u007FELF", "latin1");
    elf.writeUInt16LE(62, 18);
    writeFileSync(at("x86"), elf);
    const { stderr } = await lab.create(
      "no.par",
      "--binary",
      `aarch64-linux=${at("x86")}`,
    );
    assert.equal(
      stderr,
      `error: ${at("x86")} is meant for aarch64-linux, and it is an ELF of x86_64-linux. Look at what is needed: \`keyturn par create --help\`.\n`,
    );
  });

  test("leaves nothing behind where it cannot write", async () => {
    const { code, stderr } = await lab.create("none/at/all.par");
    assert.equal(code, 1);
    assert.match(stderr, /^error: .* cannot be written: ENOENT/);
    assert.deepEqual(
      readdirSync(lab.folder).filter((name) => name.includes("partial")),
      [],
    );
  });
});
