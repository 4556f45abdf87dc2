import assert from "node:assert/strict";
import { test } from "node:test";

import type { ProviderInstance } from "../definition/provider-definition.js";
import { Lab } from "../testing/lab.test.js";

test("health of the provider itself is part of the answer, also when it throws", async () => {
  let health: ProviderInstance["health"] = () => ({
    healthy: false,
    message: "Backlog.",
  });
  await using it = await Lab.start({
    instance: { health: () => health?.() ?? { healthy: true } },
  });
  assert.deepEqual(await it.host.health(), {
    healthy: false,
    message: "Backlog.",
  });
  health = () => {
    throw new Error("Broken.");
  };
  assert.deepEqual(await it.host.health(), {
    healthy: false,
    message: "Broken.",
  });
  health = () => ({ healthy: true, message: "Degraded." });
  assert.deepEqual(await it.host.health(), {
    healthy: true,
    message: "Degraded.",
  });
});
