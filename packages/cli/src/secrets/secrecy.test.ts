import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { getHeapSnapshot } from "node:v8";

import { CurveKey } from "@keyturn/nats";
import { writeRequest } from "@keyturn/nats/wasmcloud-secrets";
import { CanaryScanner } from "@keyturn/testkit";

import { BackendLab } from "../testing/backend-lab.test.fixture.js";

/** A value of letters, of which no string is made. */
function unseen(): Buffer {
  const bytes = randomBytes(48);
  for (const [i, byte] of bytes.entries()) bytes[i] = 97 + (byte % 26);
  return bytes;
}

/** Whether a snapshot of the heap, as a debugger would take it, has a string with one of the texts. */
async function heapHas(texts: readonly Buffer[]): Promise<boolean[]> {
  const found = texts.map(() => false);
  let before = Buffer.alloc(0);
  for await (const chunk of getHeapSnapshot()) {
    const window = Buffer.concat([before, chunk as Buffer]);
    for (const [i, text] of texts.entries()) found[i] ||= window.includes(text);
    before = window.subarray(-200);
  }
  return found;
}

/** What a host gets, opened: bytes that never become a string. */
async function read(
  lab: BackendLab,
  serverKey: string,
  key: string,
): Promise<Uint8Array | undefined> {
  const pair = CurveKey.generate();
  const request = writeRequest({
    key,
    entityJwt: lab.host.entityJwt(),
    hostJwt: lab.host.hostJwt(),
  });
  const { data, headers } = await lab.host.raw(
    "get",
    pair.seal(request, serverKey),
    { "WasmCloud-Host-Xkey": pair.publicKey },
  );
  return pair.open(data, headers?.get("Server-Response-Xkey") ?? "");
}

test("values that are put, served, sealed anew or cannot be opened are in no heap snapshot, audit log or error", async () => {
  await using lab = await BackendLab.start();
  const values = [unseen(), unseen(), unseen(), unseen()] as const;
  const [first, second, ofBytes, unreadable] = values;
  await lab.put("nats/prod/seed", first);
  await lab.put("nats/prod/seed", second);
  await lab.put("nats/prod/bytes", ofBytes, "--binary");
  await lab.done("keygen", lab.path("other.key"));
  await lab.put(
    "nats/prod/unreadable",
    unreadable,
    `--seal-key=${lab.path("other.key")}`,
  );
  await lab.serve();
  const serverKey = await lab.host.serverKey();
  const got = await read(lab, serverKey, "nats/prod/seed");
  assert.ok(got !== undefined && Buffer.from(got).includes(second));
  assert.ok((await read(lab, serverKey, "nats/prod/bytes")) !== undefined);
  const refused = await lab.host.get({ key: "nats/prod/unreadable" });
  const rekeyed = await lab.type(["rekey"]);
  const served = await lab.stop();
  assert.equal(rekeyed.code, 1);

  // Of this one there is a string: a snapshot would have the others, too.
  const seen = unseen();
  const kept = seen.toString("latin1");
  assert.deepEqual(await heapHas([seen, ...values]), [
    true,
    ...values.map(() => false),
  ]);

  const scanner = new CanaryScanner();
  for (const [i, value] of values.entries())
    scanner.add(`value ${i}`, value.toString("latin1"));
  scanner.assertNone({
    audit: readFileSync(lab.path("audit.jsonl"), "utf8"),
    served,
    refused,
    rekeyed,
  });
  assert.equal(kept.length, 48);
});
