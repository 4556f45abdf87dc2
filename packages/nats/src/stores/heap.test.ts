import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { test } from "node:test";

import { jetstream } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";

import { natsServer } from "@keyturn/testkit";

import { connect } from "../connection/connect.js";
import {
  heapHolds,
  userBytes,
  type UserBytes,
} from "../credentials/heap.test.fixture.js";
import { tempFolder } from "./file/file-lab.test.fixture.js";
import { credentialsFrom } from "./registry.js";

function json(fields: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const parts = Object.entries(fields).flatMap(([name, value], index) => [
    Buffer.from(`${index === 0 ? "{" : ","}"${name}":"`),
    value,
    Buffer.from('"'),
  ]);
  return Buffer.concat([...parts, Buffer.from("}")]);
}

/** Byte by byte, so that no string of it is made. */
function base64(bytes: Uint8Array): Uint8Array {
  const digits = Buffer.from(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
  );
  const text = Buffer.alloc(Math.ceil(bytes.length / 3) * 4, "=");
  for (let bit = 0, at = 0; bit < bytes.length * 8; bit += 6, at++) {
    const byte = bit >> 3;
    const pair = ((bytes[byte] ?? 0) << 8) | (bytes[byte + 1] ?? 0);
    text[at] = digits[(pair >> (10 - (bit & 7))) & 63] ?? 0;
  }
  return text;
}

test("no seed on its way from a local store is ever a string", async () => {
  await using folder = await tempFolder();
  process.env["XDG_CONFIG_HOME"] = folder.path;
  process.env["XDG_DATA_HOME"] = folder.path;
  process.env["CREDENTIALS_DIRECTORY"] = folder.path;
  await mkdir(folder.at("nats/context"), { recursive: true });
  const kept = `kept-${randomBytes(16).toString("hex")}`;
  const users: UserBytes[] = [];
  const user = (): UserBytes => {
    const made = userBytes();
    users.push(made);
    return made;
  };
  const references: string[] = [];
  const put = async (
    name: string,
    content: Uint8Array,
    reference = `file://${folder.at(name)}`,
  ): Promise<void> => {
    await writeFile(folder.at(name), content, { mode: 0o600 });
    references.push(reference);
  };

  await put("whole.creds", user().creds);
  const { jwt, seed } = user();
  await put("json", json({ jwt, seed }));
  const asField = user();
  await put("seed", asField.seed, `file://${folder.path}?jwt=jwt&seed=seed`);
  await folder.write("jwt", asField.jwt);
  await put("service.creds", user().creds, "systemd:service.creds");
  const printed = user();
  const output = json({ jwt: printed.jwt, seed: printed.seed });
  const args = encodeURIComponent(JSON.stringify([folder.at("output")]));
  await put("output", output, `exec:/bin/cat?args=${args}`);
  await put(
    "complaint",
    user().seed,
    `exec:/bin/sh?args=${encodeURIComponent(JSON.stringify(["-c", `cat '${folder.at("complaint")}' >&2; exit 1`]))}`,
  );
  const inContext = user();
  await put(
    "nats/context/pair.json",
    json({ user_jwt: inContext.jwt, user_seed: inContext.seed }),
    "context:pair",
  );
  await put(
    "nats/context/data.json",
    json({
      creds: Buffer.concat([
        Buffer.from("data:;base64,"),
        base64(user().creds),
      ]),
    }),
    "context:data",
  );
  await put("swapped.json", json({ jwt: seed, seed: jwt }));

  const { signal } = new AbortController();
  const keys: (string | undefined)[] = [];
  for (const reference of references) {
    const credential = await Promise.resolve(
      credentialsFrom(reference).read(signal),
    ).catch(() => undefined);
    keys.push(credential?.publicKey);
  }
  const known = new Set(users.map(({ publicKey }) => publicKey));
  assert.deepEqual(
    keys.map((key) => key !== undefined && known.has(key)),
    [true, true, true, true, true, false, true, true, false],
  );
  const found = await heapHolds([
    Buffer.from(kept),
    ...users.map((each) => each.seed.subarray(4, 50)),
  ]);
  assert.deepEqual(found, [true, ...users.map(() => false)]);
  assert.equal(kept.length, 37);
});

test("nor on its way from a store in NATS", async () => {
  await using server = await natsServer({ jetstream: true });
  const writer = await connect({ servers: server.url });
  const bucket = await new Kvm(jetstream(writer)).create("creds");
  const users = [userBytes(), userBytes()];
  const [whole, fields] = users as [UserBytes, UserBytes];
  await bucket.put("whole", whole.creds);
  await bucket.put("fields", json({ jwt: fields.jwt, seed: fields.seed }));
  await writer.close();
  const { signal } = new AbortController();
  for (const [i, key] of ["whole", "fields"].entries()) {
    const reference = `nats-kv://creds/${key}?servers=${server.url}`;
    const credential = await credentialsFrom(reference).read(signal);
    assert.equal(credential.publicKey, users[i]?.publicKey);
  }
  const marker = `kept-${randomBytes(16).toString("hex")}`;
  const found = await heapHolds([
    Buffer.from(marker),
    ...users.map(({ seed }) => seed.subarray(4, 50)),
  ]);
  assert.deepEqual(found, [true, false, false]);
  assert.equal(marker.length, 37);
});
