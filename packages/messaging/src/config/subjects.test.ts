import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import { quoted, subjectFault, subjectMatches } from "./subjects.js";

/** Texts made of what matters to the protocol, to terminals and to UTF-16. */
const hostile = fc
  .array(
    fc.constantFrom(
      ..."a b . * > \t \r \n \0 \u001b \u007f \u0085 \u009b \u2028 \ufeff é 🙂 \ud83d \ude42".split(
        " ",
      ),
      " ",
      "\u00a0",
      "\u202e",
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

describe("a subject", () => {
  test("that is taken stands in a protocol line as one word, whatever was asked for", () => {
    fc.assert(
      fc.property(hostile, fc.boolean(), (subject, wildcards) => {
        if (subjectFault(subject, wildcards) !== undefined) return;
        assert.match(subject, /^[^\s\p{Cc}\p{Cs}]+$/u);
        assert.equal(Buffer.from(subject).toString(), subject);
        const parts = subject.split(".");
        assert.ok(parts.every((part) => part !== ""));
        assert.ok(wildcards || !parts.some((part) => /^[*>]$/.test(part)));
      }),
      { numRuns: 3000 },
    );
  });

  test("in the forms that people use is taken", () => {
    for (const subject of [
      "a",
      "a.b.c",
      "$SYS.REQ.x",
      "_INBOX.abc",
      "größe.🙂",
      "a*b.>c",
      "x".repeat(1024),
    ])
      assert.equal(subjectFault(subject, false), undefined, subject);
    for (const pattern of ["*", ">", "a.*.c", "a.>", "*.*.>"])
      assert.equal(subjectFault(pattern, true), undefined, pattern);
  });

  test("is measured in bytes", () => {
    assert.equal(subjectFault("é".repeat(512), false), undefined);
    assert.equal(
      subjectFault("é".repeat(513), false),
      "it is longer than 1024 bytes",
    );
  });
});

test("a quoted text is one line that no terminal obeys", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const shown = quoted(text);
      assert.doesNotMatch(shown, /[\p{Cc}\p{Cs}\p{Cf}\u2028\u2029]/u);
      assert.equal(JSON.parse(shown), text);
    }),
    { numRuns: 2000 },
  );
  assert.equal(quoted("x".repeat(200)).length, 130);
});

test("a pattern matches as a server's does", () => {
  const matches = (pattern: string, subject: string, does: boolean): void =>
    assert.equal(
      subjectMatches(pattern, subject),
      does,
      `${pattern} ${subject}`,
    );
  matches("a.b", "a.b", true);
  matches("a.b", "a.b.c", false);
  matches("a.b.c", "a.b", false);
  matches("a.*", "a.b", true);
  matches("a.*", "a", false);
  matches("*", "a.b", false);
  matches("a.>", "a.b.c", true);
  matches("a.>", "a", false);
  matches(">", "a", true);
  matches("*.b.>", "a.b.c", true);
  matches("a*", "ab", false);
});
