import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import { CurveKey } from "@keyturn/nats";
import { jetstream } from "@nats-io/jetstream";
import { Kvm, type KV } from "@nats-io/kv";
import { fromCurveSeed } from "@nats-io/nkeys";

import { BackendLab } from "../../testing/backend-lab.test.fixture.js";
import { SecretStore } from "../store/secret-store.js";
import { ValueSealer } from "../store/value-sealer.js";

let lab: BackendLab;
let bucket: KV;
before(async () => {
  lab = await BackendLab.start();
  await lab.put("first", "x");
  bucket = await new Kvm(jetstream(lab.connection)).open("WASMCLOUD_SECRETS");
});
after(() => lab?.[Symbol.asyncDispose]());

/** Seals as the stock backend does: with its key, to itself. */
function stockSealed(file: string, value: string | Uint8Array): Uint8Array {
  const pair = fromCurveSeed(
    Buffer.from(readFileSync(lab.path(file), "latin1").trim()),
  );
  return pair.seal(Buffer.from(value), pair.getPublicKey());
}

describe("rekey", () => {
  test("seals anew with another key, keeps versions, and leaves nothing for the old key", async () => {
    const first = await lab.put("rekeyed", "old");
    const second = await lab.put("rekeyed", "new");
    await lab.put("rekeyed-bytes", Uint8Array.of(1, 2, 3), "--binary");
    await lab.done("keygen", lab.path("next.key"));
    const next = ["--seal-key", lab.path("next.key")];
    const lost = await lab.type(["rekey", ...next]);
    assert.equal(lost.code, 1);
    assert.match(lost.stdout, /^0 sealed anew, 0 were already\n$/);
    assert.match(
      lost.stderr,
      /warning: The value of `rekeyed` is sealed with another key, whose id is [0-9a-f]{16}\. Give that key, too/,
    );
    assert.match(
      lost.stderr,
      /error: \d of the secrets could not be opened\. Give the key/,
    );
    const old = ["--old-seal-key", lab.path("seal.key")];
    assert.match(
      await lab.done("rekey", ...next, ...old),
      /^[1-9]\d* sealed anew, 0 were already\n$/,
    );
    assert.match(
      await lab.done("rekey", ...next),
      /^0 sealed anew, [1-9]\d* were already\n$/,
    );
    assert.equal(await lab.done("get", "rekeyed", ...next), "new");
    assert.equal(
      await lab.done("get", "rekeyed", "--version", second, ...next),
      "new",
    );
    assert.equal(
      (await lab.type(["get", "rekeyed", "--version", first, ...next])).code,
      3,
    );
    const { stdoutBytes } = await lab.type(["get", "rekeyed-bytes", ...next]);
    assert.deepEqual([...stdoutBytes], [1, 2, 3]);
    assert.match(
      (await lab.type(["get", "rekeyed"])).stderr,
      /sealed with another key/,
    );
    const history = await lab.done("history", "rekeyed");
    assert.equal(history.split("\n").length, 2);
    assert.equal(history.startsWith(`${second}\t`), true);
    // Where it lies now is no version that anybody has been told.
    const revision = String((await bucket.get("rekeyed"))?.revision);
    assert.notEqual(revision, second);
    assert.equal(
      (await lab.type(["get", "rekeyed", "--version", revision, ...next])).code,
      3,
    );
    // The way back, for the other tests.
    await lab.done("rekey", "--old-seal-key", lab.path("next.key"));
  });

  test("loses no change that is made meanwhile", async () => {
    const [old, next] = [CurveKey.generate(), CurveKey.generate()];
    const storeOf = (sealer: ValueSealer): Promise<SecretStore> =>
      SecretStore.open(lab.connection, "BUSY", sealer);
    const before = await storeOf(new ValueSealer([old], false));
    await before.put("busy", "text", Buffer.from("first"));
    const store = await storeOf(new ValueSealer([next, old], false));
    // Somebody else puts another value just before it is sealed anew.
    let version = "";
    const { history } = store;
    store.history = async (key) => {
      const versions = await history.call(store, key);
      if (version === "")
        version = await before.put("busy", "text", Buffer.from("second"));
      return versions;
    };
    assert.equal(await store.reseal("busy"), "resealed");
    const stored = (await store.find("busy")) ?? assert.fail();
    assert.equal(stored.version, version);
    const { value } = store.open("busy", stored);
    assert.equal(value.revealText(), "second");
  });

  test("takes over what the stock backend has sealed; without it, that is read only if asked for", async () => {
    await bucket.put(
      "stock/text",
      stockSealed("seal.key", "by the stock backend"),
    );
    await bucket.put(
      "stock/bytes",
      stockSealed("seal.key", Uint8Array.of(0, 255)),
    );
    assert.equal(
      (await lab.type(["get", "stock/text"])).stderr,
      "error: The value of `stock/text` is sealed as the stock backend does it. Seal it anew: `keyturn secrets rekey`; or read it as it is: `--stock-values`.\n",
    );
    const { stdoutBytes } = await lab.type([
      "get",
      "stock/bytes",
      "--stock-values",
    ]);
    assert.deepEqual([...stdoutBytes], [0, 255]);
    assert.match(await lab.done("history", "stock/text"), /\tstock\n$/);
    await lab.done("rekey");
    assert.equal(await lab.done("get", "stock/text"), "by the stock backend");
    const json = JSON.parse(await lab.done("get", "stock/bytes", "--json")) as {
      kind: string;
    };
    assert.equal(json.kind, "binary");
  });
});
