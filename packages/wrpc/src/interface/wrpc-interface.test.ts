import assert from "node:assert/strict";
import { it } from "node:test";

import { u8 } from "../values/index.js";
import { invocationSubject, kebabCase } from "./names.js";
import { func, wireName, wrpcInterface } from "./wrpc-interface.js";

it("names on the wire are kebab-case, or as given", () => {
  assert.equal(kebabCase("handleMessage"), "handle-message");
  assert.equal(kebabCase("get"), "get");
  assert.equal(wireName("doItNow", func([])), "do-it-now");
  assert.equal(
    wireName("bucketGet", func([u8], u8, { name: "bucket.get" })),
    "bucket.get",
  );
});

it("subjects leave out empty parts with their dots", () => {
  assert.equal(
    invocationSubject("default.echo", "a:b/c@0.1.0", "f"),
    "default.echo.wrpc.0.0.1.a:b/c@0.1.0.f",
  );
  assert.equal(invocationSubject("", "a:b/c", "f"), "wrpc.0.0.1.a:b/c.f");
  assert.equal(invocationSubject("p", "", "f"), "p.wrpc.0.0.1.f");
});

it("descriptions that cannot become subjects are refused", () => {
  const next = "Correct the description in the code.";
  const rows: readonly [() => unknown, string][] = [
    [
      () => wrpcInterface("a b", {}),
      `Interface name \`a b\` cannot be part of a NATS subject: it holds a blank or a control character. ${next}`,
    ],
    [
      () => wrpcInterface(".a", {}),
      `Interface name \`.a\` cannot be part of a NATS subject: it has an empty token. ${next}`,
    ],
    [
      () => wrpcInterface("a".repeat(513), {}),
      `Interface name \`${"a".repeat(513)}\` cannot be part of a NATS subject: it is longer than 512 characters. ${next}`,
    ],
    [
      () => wrpcInterface(1 as unknown as string, {}),
      `Interface name \`1\` cannot be part of a NATS subject: not a string. ${next}`,
    ],
    [
      () => wrpcInterface("a:b/c", { f: func([], u8, { name: "*" }) }),
      `Function name \`*\` cannot be part of a NATS subject: it holds a wildcard. ${next}`,
    ],
    [
      () => wrpcInterface("a:b/c", { fG: func([]), "f-g": func([]) }),
      `Two functions have the name \`f-g\` on the wire. ${next}`,
    ],
    [
      // oxlint-disable-next-line unicorn/no-thenable -- that is the point
      () => wrpcInterface("a:b/c", { then: func([]) }),
      'A function cannot have the property name `then`. Use another property name and give `{ name: "then" }`.',
    ],
  ];
  for (const [make, message] of rows)
    assert.throws(make, { code: "WRPC_INTERFACE_INVALID", message });
});
