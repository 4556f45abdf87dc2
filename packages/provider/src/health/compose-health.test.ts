import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { LinkProblem } from "../links/link-slot.js";
import { composeHealth } from "./compose-health.js";

function problem(peer: string, reason: string): LinkProblem {
  return {
    key: "",
    direction: "target",
    peer,
    name: "default",
    namespace: "wasmcloud",
    package: "messaging",
    reason,
    attempts: 1,
  };
}

describe("composeHealth", () => {
  test("is healthy when every part is", () => {
    assert.deepEqual(composeHealth({ links: [] }), { healthy: true });
    assert.deepEqual(
      composeHealth({ links: [], instance: { healthy: true, message: "m" } }),
      { healthy: true, message: "m" },
    );
  });

  test("tells every part that is not", () => {
    const health = composeHealth({
      phase: "The provider is starting.",
      links: [problem("echo", "Refused."), problem("other", "Away.")],
      config: "Bad key.",
      instance: { healthy: false },
    });
    assert.deepEqual(health, {
      healthy: false,
      message:
        "The provider is starting. component echo, link default (wasmcloud:messaging): Refused. component other, link default (wasmcloud:messaging): Away. provider config: Bad key. The provider is not well.",
    });
  });

  test("names a link once", () => {
    const reason =
      "Sealed secrets of component echo, link default (wasmcloud:messaging) are bad.";
    assert.equal(
      composeHealth({ links: [problem("echo", reason)] }).message,
      reason,
    );
  });

  test("is bounded in links, reasons and length", () => {
    const links = Array.from({ length: 40 }, (_, i) =>
      problem(`p${i}${"x".repeat(250)}`, "y".repeat(1_000)),
    );
    const { message = "" } = composeHealth({
      links,
      config: "z".repeat(5_000),
    });
    assert.equal(message.length, 4_096);
    assert.ok(message.endsWith("…"));
    assert.ok(!message.includes("y".repeat(800)));
    const few = composeHealth({
      links: links.map(({ peer }) => problem(peer.slice(0, 3), "r.")),
    });
    assert.match(
      few.message ?? "",
      /p4xx?, link default \(wasmcloud:messaging\): r\. 35 more links are not well\.$/,
    );
  });
});
