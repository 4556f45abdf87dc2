// Provider archives against the crates that wasmCloud's host 0.27.1 and `wash` read and write them with.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { providerScript } from "@keyturn/messaging";
import { HostDouble, MessagingComponent, natsServer } from "@keyturn/testkit";
import { connect } from "@nats-io/transport-node";
import { cargoBuild } from "../scripts/lib/cargo.mjs";
import { root } from "../scripts/lib/workspace.mjs";

const target = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;
const executable = join(root, "dist/exe", `keyturn-messaging-${target}`);
const cli = join(root, "packages/cli/dist/main.js");

let reader;
let folder;
const at = (name) => join(folder, name);

function keyturn(...args) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [cli, "par", ...args],
    { encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

function create(name, ...more) {
  const made = keyturn(
    "create",
    "--out",
    at(name),
    "--issuer",
    at("issuer.nk"),
    "--provider",
    at("provider.nk"),
    "--json",
    ...more,
  );
  assert.equal(made.status, 0, made.stderr);
  return JSON.parse(made.stdout);
}

const read = (name) =>
  JSON.parse(execFileSync(reader, ["read", at(name)], { encoding: "utf8" }));

before(async () => {
  reader = await cargoBuild("conformance/par-reader", "keyturn-par-reader");
  folder = mkdtempSync(join(tmpdir(), "keyturn-par-"));
  keyturn("keygen", "issuer", at("issuer.nk"));
  keyturn("keygen", "provider", at("provider.nk"));
});
after(() => rmSync(folder, { recursive: true }));

describe("an archive of ours", () => {
  /** @type {[string, string[]][]} */
  const forms = [
    ["script.par.gz", []],
    ["script.par", []],
    ["executable.par.gz", ["--binary", `${target}=${executable}`]],
  ];
  for (const [name, more] of forms) {
    const skip =
      more.length > 0 && !existsSync(executable)
        ? "not built: npm run build:exe"
        : false;
    describe(name, { skip }, () => {
      let report;
      before(() => {
        report = create(name, ...more, "--revision", "7");
      });

      test("says to wasmCloud what it says to us, and is signed", () => {
        const { hashes, schema, targets, ...said } = read(name);
        assert.deepEqual(said, {
          issuer: report.issuer,
          subject: report.subject,
          name: "keyturn-messaging",
          vendor: "Keyturn",
          revision: 7,
          version: report.version,
          signed: true,
          expired: false,
          early: false,
        });
        assert.deepEqual(
          targets,
          report.targets.map((each) => each.target),
        );
        assert.deepEqual(schema, report.configSchema);
        for (const each of report.targets)
          assert.equal(hashes[each.target], each.sha256);
      });

      test("is extracted as a host does, started as a host does, and serves", async (t) => {
        const program = at(`${name.replaceAll(".", "_")}_extracted`);
        execFileSync(reader, ["extract", at(name), target, program]);
        t.after(() => rmSync(program));
        const lattice = await natsServer();
        t.after(() => lattice.stop());
        let served;
        const call = new Promise((resolve) => {
          served = resolve;
        });
        const component = await MessagingComponent.start({
          lattice,
          id: "shop",
          handle: () => served(),
        });
        t.after(() => component.close());
        const host = await HostDouble.start({
          lattice,
          provider: [program],
          links: [
            {
              source: "provider",
              target: "shop",
              interfaces: ["handler"],
              sourceConfig: { cluster_uris: lattice.url, subscriptions: "in" },
            },
          ],
        });
        t.after(() => host.close());
        await host.waitHealthy();
        const client = await connect({ servers: lattice.url });
        t.after(() => client.close());
        client.publish("in");
        await call;
        assert.equal((await host.shutdown()).replied, true);
      });
    });
  }

  test("is signed anew, and still good", () => {
    create("old.par.gz");
    keyturn("keygen", "issuer", at("other.nk"));
    const { status } = keyturn(
      "sign",
      at("old.par.gz"),
      "--out",
      at("new.par.gz"),
      "--issuer",
      at("other.nk"),
    );
    assert.equal(status, 0);
    const [old, now] = [read("old.par.gz"), read("new.par.gz")];
    assert.equal(now.signed, true);
    assert.notEqual(now.issuer, old.issuer);
    assert.deepEqual({ ...now, issuer: old.issuer }, old);
  });
});

describe("an archive of wasmCloud's", () => {
  for (const name of ["written.par", "written.par.gz"])
    test(`${name} is read, and signed anew`, () => {
      const binary = at("binary");
      writeFileSync(binary, readFileSync(providerScript));
      const { issuer, subject } = JSON.parse(
        execFileSync(reader, ["write", at(name), target, binary], {
          encoding: "utf8",
        }),
      );
      const { status, stdout } = keyturn("inspect", at(name), "--json");
      assert.equal(status, 0);
      const { issuedAt, ...report } = JSON.parse(stdout);
      assert.ok(Math.abs(issuedAt - Date.now() / 1000) < 60);
      assert.deepEqual(report, {
        file: at(name),
        name: "written",
        vendor: "wascap",
        revision: 7,
        version: "1.2.3",
        issuer,
        subject,
        configSchema: { type: "object" },
        isCompressed: name.endsWith(".gz"),
        bytes: statSync(at(name)).size,
        hasWorld: true,
        targets: [
          {
            target,
            bytes: statSync(binary).size,
            sha256: createHash("sha256")
              .update(readFileSync(binary))
              .digest("hex")
              .toUpperCase(),
            form: "script of /usr/bin/env node",
          },
        ],
        findings: [],
      });
      const signed = keyturn(
        "sign",
        at(name),
        "--out",
        at("signed.par"),
        "--issuer",
        at("issuer.nk"),
      );
      assert.equal(signed.status, 0);
      assert.equal(read("signed.par").subject, subject);
      assert.equal(read("signed.par").signed, true);
    });
});

describe("what `inspect` calls wrong, wasmCloud refuses or crashes on", () => {
  /** A good archive without compression, and a way to change its bytes. */
  const changed = (name, change) => {
    create("good.par");
    const bytes = readFileSync(at("good.par"));
    writeFileSync(at(name), change(bytes));
  };
  const tar = (...names) => {
    create("good.par");
    execFileSync("tar", ["-xf", "good.par"], { cwd: folder });
    execFileSync("tar", ["-cf", "odd.par", ...names], { cwd: folder });
    return readFileSync(at("odd.par"));
  };
  const bin = `${target}.bin`;
  const cases = [
    [
      "a changed executable",
      1,
      (bytes) => bytes.fill(0x20, bytes.length - 4096, bytes.length - 2048),
    ],
    ["half of it", 1, (bytes) => bytes.subarray(0, bytes.length / 2)],
    ["no tar", 1, () => Buffer.from("#!/usr/bin/env node\n".repeat(100))],
    ["half a gzip", 1, (bytes) => gzipSync(bytes).subarray(0, 100_000)],
    ["no token", 1, () => tar(bin)],
    ["no executable", 1, () => tar("claims.jwt")],
    [
      "an executable that the token does not know",
      101,
      () => {
        writeFileSync(at("riscv64-linux.bin"), "#!/bin/sh\n");
        return tar("claims.jwt", bin, "riscv64-linux.bin");
      },
    ],
    [
      "a folder",
      101,
      () => {
        mkdirSync(at("folder"));
        return tar("claims.jwt", bin, "folder");
      },
    ],
  ];
  for (const [what, status, change] of cases)
    test(what, () => {
      changed("wrong.par", change);
      assert.equal(spawnSync(reader, ["read", at("wrong.par")]).status, status);
      assert.equal(keyturn("inspect", at("wrong.par")).status, 1);
    });

  test("but for the signature, which only secrets backends look at", () => {
    changed("unsigned.par", (bytes) => {
      const end = bytes.indexOf(0, 512);
      bytes[end - 10] = bytes[end - 10] === 0x41 ? 0x42 : 0x41;
      return bytes;
    });
    assert.equal(read("unsigned.par").signed, false);
    const { status, stderr } = keyturn("inspect", at("unsigned.par"));
    assert.equal(status, 1);
    assert.match(stderr, /signature/);
  });
});
