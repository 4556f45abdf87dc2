import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

import { StorageType } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { Objm } from "@nats-io/obj";

import { asNatsJs, house, upTo } from "./three-ways.test.fixture.js";

const at = await house({ jetstream: true });
const memory = { storage: StorageType.Memory };

asNatsJs(at, {
  "a bucket keeps, changes, refuses, deletes": async ({ nc, id, midway }) => {
    const bucket = await new Kvm(nc).create(id, { ...memory, history: 5 });
    assert.equal(await bucket.create("color", "red"), 1);
    await assert.rejects(bucket.create("color", "blue"), {
      name: "JetStreamApiError",
    });
    await midway();
    assert.equal(await bucket.update("color", "green", 1), 2);
    await assert.rejects(bucket.update("color", "blue", 1), {
      name: "JetStreamApiError",
    });
    assert.equal((await bucket.get("color"))?.string(), "green");
    assert.equal(await bucket.get("size"), null);
    await midway();
    await bucket.delete("color");
    assert.equal((await bucket.get("color"))?.operation, "DEL");
    assert.equal((await bucket.status()).values, 3);
    await new Kvm(nc).open(id).then((again) => again.destroy());
  },

  "a watch tells each change once and in order": async ({ nc, peer, id }) => {
    const bucket = await new Kvm(nc).create(id, { ...memory, history: 64 });
    await bucket.put("key.0", "0");
    const watch = await bucket.watch();
    const writer = await new Kvm(peer).open(id);
    const written = (async () => {
      for (const number of upTo(200)) {
        void writer.put(`key.${number % 7}`, `${number}`);
        if (number % 10 === 0) await pause(10);
      }
    })();
    const got: number[] = [];
    const revisions: number[] = [];
    for await (const entry of watch) {
      got.push(Number(entry.string()));
      revisions.push(entry.revision);
      if (got.length === 201) break;
    }
    await written;
    assert.deepEqual(got, [0, ...upTo(200)]);
    assert.deepEqual(revisions, upTo(201));
    await bucket.destroy();
  },

  "history and keys are whole": async ({ nc, id, midway }) => {
    const bucket = await new Kvm(nc).create(id, { ...memory, history: 64 });
    await Promise.all(
      upTo(100).map((number) => bucket.put(`k${number % 4}`, `${number}`)),
    );
    for (let round = 0; round < 3; round++) {
      const entered = midway();
      let entries = 0;
      for await (const _ of await bucket.history()) entries++;
      assert.equal(entries, 100);
      const keys: string[] = [];
      for await (const key of await bucket.keys()) keys.push(key);
      assert.deepEqual(keys.sort(), ["k0", "k1", "k2", "k3"]);
      await entered;
    }
    await bucket.destroy();
  },

  "objects come back as they went in, and are watched": async ({
    nc,
    id,
    midway,
  }) => {
    const store = await new Objm(nc).create(id, memory);
    const watch = await store.watch();
    const body = Uint8Array.from(
      { length: 300_000 },
      (_, index) => index % 251,
    );
    const sum = Buffer.from(body).toString("base64");
    for (const number of upTo(4)) {
      const entered = midway();
      const info = await store.putBlob(
        { name: `object-${number}`, options: { max_chunk_size: 16_384 } },
        body,
      );
      assert.equal(info.size, body.length);
      assert.equal(info.chunks, 19);
      const back = await store.getBlob(`object-${number}`);
      assert.equal(Buffer.from(back ?? []).toString("base64"), sum);
      await entered;
    }
    const seen: string[] = [];
    for await (const info of watch) {
      if (info === null) continue;
      seen.push(info.name);
      if (seen.length === 4) break;
    }
    assert.deepEqual(
      seen,
      upTo(4).map((number) => `object-${number}`),
    );
    assert.equal((await store.list()).length, 4);
    assert.equal((await store.delete("object-1")).success, true);
    assert.equal(await store.getBlob("object-1"), null);
    await store.destroy();
  },
});
