import assert from "node:assert/strict";
import { test } from "node:test";

import { Ballot } from "./ballot.js";

const never = new AbortController().signal;

test("all agree, or none does after a while", async () => {
  const ballot = new Ballot();
  const all = () => 2;
  const first = ballot.ask("a", all, never);
  const other = ballot.ask("b", all, never);
  const second = ballot.ask("a", all, never);
  assert.deepEqual(await Promise.all([first, second]), [true, true]);
  assert.equal(await other, false);
});

test("one that is aborted asks no more", async () => {
  const ballot = new Ballot();
  const abort = new AbortController();
  const first = ballot.ask("a", () => 2, abort.signal);
  abort.abort();
  assert.equal(await first, false);
  assert.equal(await ballot.ask("a", () => 2, never), false);
});
