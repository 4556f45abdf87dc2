// The secrets backend beside the stock one, `secrets-nats-kv`: its commands talk to ours, and ours takes
// its buckets over.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { until } from "@keyturn/testkit";
import { BackendLab } from "../packages/cli/dist/testing/backend-lab.test.fixture.js";
import { cargoInstall } from "../scripts/lib/cargo.mjs";

const run = promisify(execFile);
const binary = Uint8Array.from({ length: 64 }, (_, i) => 255 - i);

let stock;
let lab;
before(async () => {
  stock = await cargoInstall("secrets-nats-kv", "0.2.0", "secrets-nats-kv");
  lab = await BackendLab.start();
  writeFileSync(lab.path("binary"), binary);
  lab.policy({
    issuers: [lab.host.account.getPublicKey()],
    hosts: "any",
    rules: [{ entities: "mapped", keys: ["**"] }],
    operations: ["put_secret", "add_mapping", "remove_mapping"],
  });
});
after(() => lab?.[Symbol.asyncDispose]());

const seed = (file) => readFileSync(lab.path(file), "latin1").trim();
const stockEnv = () => ({
  ...process.env,
  ENCRYPTION_XKEY_SEED: seed("seal.key"),
  TRANSIT_XKEY_SEED: seed("transit.key"),
});

/** Types a command of the stock backend. */
async function typeStock(command, ...args) {
  const { host } = new URL(lab.server.url);
  const { stdout } = await run(
    stock,
    [command, "--nats-address", host, ...args],
    { env: stockEnv() },
  );
  return stdout;
}

/** The stock backend at work. */
async function withStock(act) {
  const { host } = new URL(lab.server.url);
  const child = spawn(stock, ["run", "--nats-address", host], {
    env: stockEnv(),
    stdio: "ignore",
  });
  const ended = once(child, "exit");
  try {
    await until("the stock backend", 15_000, () =>
      lab.host.serverKey().then(
        () => true,
        () => false,
      ),
    );
    await act();
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

const text = (version, string_secret) => ({
  version: String(version),
  string_secret,
  binary_secret: null,
});
const read = (key) => lab.host.get({ key });

describe("the buckets of the stock backend", () => {
  before(() =>
    withStock(async () => {
      await typeStock("put", "stock/text", "--string", "by the stock backend");
      await typeStock("put", "stock/binary", "--binary", lab.path("binary"));
      await typeStock(
        "add-mapping",
        lab.host.provider,
        "--secret=stock/text",
        "--secret=stock/binary",
      );
      assert.deepEqual(
        await read("stock/text"),
        text(1, "by the stock backend"),
      );
    }),
  );

  test("are served as they are, with the same key for hosts; binary values come right", async () => {
    await lab.serve("--stock-values");
    assert.deepEqual(await read("stock/text"), text(1, "by the stock backend"));
    assert.deepEqual((await read("stock/binary")).binary_secret, [...binary]);
    await lab.stop();
  });

  test("are sealed anew by rekey, and read then without more", async () => {
    await lab.done("rekey");
    await lab.serve();
    assert.deepEqual(await read("stock/text"), text(1, "by the stock backend"));
    assert.deepEqual((await read("stock/binary")).binary_secret, [...binary]);
    await lab.stop();
  });
});

describe("the commands of the stock backend, typed at ours", () => {
  before(() => lab.serve());
  after(() => lab.stop());

  test("put text and bytes", async () => {
    await typeStock("put", "ours/text", "--string", "first");
    await typeStock("put", "ours/binary", "--binary", lab.path("binary"));
    await lab.done("map", lab.host.provider, "ours/text", "ours/binary");
    assert.equal((await read("ours/text")).string_secret, "first");
    assert.deepEqual((await read("ours/binary")).binary_secret, [...binary]);
    await typeStock("put", "ours/text", "--string", "second");
    assert.equal((await read("ours/text")).string_secret, "second");
  });

  test("give access, and take it away again, which the stock backend does not", async () => {
    await lab.put("ours/mapped", "value");
    const change = (command) =>
      typeStock(command, lab.host.provider, "--secret", "ours/mapped");
    assert.deepEqual(await read("ours/mapped"), { error: "Unauthorized" });
    await change("add-mapping");
    assert.equal((await read("ours/mapped")).string_secret, "value");
    await change("remove-mapping");
    assert.deepEqual(await read("ours/mapped"), { error: "Unauthorized" });
    assert.equal((await read("ours/text")).string_secret, "second");
  });
});
