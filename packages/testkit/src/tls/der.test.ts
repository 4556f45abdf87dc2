import assert from "node:assert/strict";
import { test } from "node:test";

import { integer, ipBytes, octetString, oid, time } from "./der.js";

const hex = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString("hex");

test("identifiers, numbers and lengths at their borders", () => {
  assert.equal(hex(oid("1.2.840.10045.4.3.2")), "06082a8648ce3d040302");
  assert.equal(hex(oid("2.5.29.17")), "0603551d11");
  assert.equal(hex(integer(Buffer.of(0x7f))), "02017f");
  assert.equal(hex(integer(Buffer.of(0x80))), "02020080");
  const head = (length: number) =>
    hex(octetString(Buffer.alloc(length)).subarray(0, 4))?.slice(0, 8);
  assert.equal(head(127), "047f0000");
  assert.equal(head(128), "04818000");
  assert.equal(head(256), "04820100");
});

test("times, with two digits of the year up to 2049", () => {
  const text = (date: string) => time(new Date(date)).toString("latin1");
  assert.equal(text("2049-12-31T23:59:58.9Z"), "\x17\x0d491231235958Z");
  assert.equal(text("2050-01-01T00:00:00Z"), "\x18\x0f20500101000000Z");
});

test("addresses", () => {
  assert.equal(hex(ipBytes("127.0.0.1")), "7f000001");
  assert.equal(hex(ipBytes("::1")), `${"0".repeat(31)}1`);
  assert.equal(
    hex(ipBytes("2001:db8::8a2e:0:7")),
    "20010db80000000000008a2e00000007",
  );
  assert.equal(
    hex(ipBytes("::ffff:1.2.3.4")),
    "00000000000000000000ffff01020304",
  );
  assert.equal(
    hex(ipBytes("1:2:3:4:5:6:7:8")),
    "00010002000300040005000600070008",
  );
  assert.equal(ipBytes("localhost"), undefined);
});
