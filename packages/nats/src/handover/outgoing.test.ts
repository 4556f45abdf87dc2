import assert from "node:assert/strict";
import { test } from "node:test";

import { Outgoing } from "./outgoing.js";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test("frames go out whole, in order, whatever their sizes", () => {
  const outgoing = new Outgoing();
  let expected = "";
  let drained = "";
  for (let i = 0; i < 2000; i++) {
    const command = `PUB subjêct.${i} ${i}\r\n`;
    const body =
      "x".repeat((i * 37) % 300) + "y".repeat(i % 500 === 0 ? 1e5 : 0);
    outgoing.add(command, [Buffer.from(body), Buffer.from("\r\n")]);
    expected += `${command}${body}\r\n`;
    if (i % 7 === 0) drained += text(outgoing.drain());
  }
  outgoing.fill(Buffer.from("PING\r\n"));
  drained += text(outgoing.drain());
  assert.equal(drained === `${expected}PING\r\n`, true);
  assert.equal(outgoing.size(), 0);
});

test("what was drained stays as it was: a socket may still have to write it", () => {
  const outgoing = new Outgoing();
  const drained: Uint8Array[] = [];
  for (let i = 0; i < 500; i++) {
    outgoing.add(`${i} `.padStart(200), []);
    drained.push(outgoing.drain());
  }
  for (const [i, bytes] of drained.entries())
    assert.equal(text(bytes), `${i} `.padStart(200));
});

test("a slab is used again when all of it has been written, not before", () => {
  const outgoing = new Outgoing();
  const add = (content: string): { bytes: Uint8Array; end: () => void } => {
    outgoing.add(content, []);
    const { writes } = outgoing;
    return { bytes: outgoing.drain(), end: () => outgoing.written(writes) };
  };
  const slabs = new Set<ArrayBufferLike>();
  const open: { bytes: Uint8Array; end: () => void }[] = [];
  for (let i = 0; i < 3000; i++) {
    const content = `${i} `.padEnd(1000 + (i % 999), "x");
    open.push(add(content));
    slabs.add(open.at(-1)?.bytes.buffer as ArrayBufferLike);
    if (open.length < (i % 30) + 1) continue;
    for (const [at, { bytes, end }] of open.entries()) {
      const number = i - open.length + 1 + at;
      assert.ok(text(bytes).startsWith(`${number} `), "it was written over");
      end();
    }
    open.length = 0;
  }
  // Six grow to the largest size; with 45 KiB open, two of that do.
  assert.ok(slabs.size <= 9, `${slabs.size} slabs`);
  const before = add("dropped");
  outgoing.reset();
  const after = add("after");
  before.end();
  assert.notEqual(add("more").bytes.byteOffset, 0, "of before the reset");
  assert.equal(text(after.bytes), "after");
});

test("what was dropped does not go out", () => {
  const outgoing = new Outgoing();
  outgoing.add("old", []);
  outgoing.reset();
  assert.equal(outgoing.size(), 0);
  outgoing.add("new", []);
  assert.equal(text(outgoing.drain()), "new");
});
