import assert from "node:assert/strict";
import { test } from "node:test";

import { errorChain } from "./error-chain.js";
import { errorFactory } from "./keyturn-error.js";

test("an error, because of another, on one line", () => {
  const inner = new TypeError("fetch failed", {
    cause: new Error("connect ECONNREFUSED\n  127.0.0.1:8200"),
  });
  assert.equal(
    errorChain(new Error("no credential", { cause: inner })),
    "no credential: fetch failed: connect ECONNREFUSED 127.0.0.1:8200",
  );
});

test("what to do comes last, once, after all reasons", () => {
  const fail = errorFactory({ A: { meaning: "", next: "Do a." } });
  const cause = fail("A", "It broke.", {
    next: "Do b.",
    cause: new Error("no\nluck"),
  });
  assert.equal(
    errorChain(fail("A", "All is lost.", { cause })),
    "All is lost: It broke: no luck. Do a.",
  );
  assert.equal(
    errorChain(new Error("outside", { cause })),
    "outside: It broke: no luck. Do b.",
  );
  assert.equal(errorChain(fail("A", "It broke.")), "It broke. Do a.");
  const long = errorChain(fail("A", "x".repeat(5000)));
  assert.ok(long.length < 2010 && long.endsWith("x … Do a."), long.slice(-20));
});

test("what was said already is not said again", () => {
  const cause = new Error("it is down");
  assert.equal(
    errorChain(new Error("no credential: it is down", { cause })),
    "no credential: it is down",
  );
});

test("errors without words, several at once, and what is no error", () => {
  const both = new AggregateError([new Error("a"), new Error("b")]);
  assert.equal(errorChain(new Error("", { cause: both })), "Error: a; b");
  assert.equal(errorChain("a text"), "a text");
  assert.equal(errorChain({ password: "canary" }), "a thrown object");
  assert.equal(errorChain(undefined), "");
});

test("a chain without end, and a text without end, are cut", () => {
  const loop: { cause?: unknown } & Error = new Error("round");
  loop.cause = loop;
  assert.equal(errorChain(loop), "round");
  let deep = new Error("0");
  for (let i = 1; i < 50; i++) deep = new Error(`${i}`, { cause: deep });
  assert.equal(errorChain(deep), "49: 48: 47: 46: 45: 44: 43: 42");
  assert.equal(errorChain(new Error("x".repeat(5000))).length, 2002);
});
