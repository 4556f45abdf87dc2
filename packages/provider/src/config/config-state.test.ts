import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Secret } from "@keyturn/nats";
import { until } from "@keyturn/testkit";

import type { Settings } from "../settings/settings.js";
import { Lab } from "../testing/lab.test.js";
import { ConfigState } from "./config-state.js";

function settings(value: string, seed = "s"): Settings {
  return {
    config: { v: value },
    exposed: new Map([["seed", Secret.fromText(seed)]]),
  };
}

function wiped({ exposed }: Settings): boolean | undefined {
  return exposed.get("seed")?.wiped;
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 2));

/** Applies that end when the test says so. */
function scripted() {
  const applied: {
    settings: Settings;
    done: () => void;
    fail: (error: Error) => void;
  }[] = [];
  return {
    applied,
    apply: (next: Settings) =>
      new Promise<void>((done, fail) =>
        applied.push({ settings: next, done, fail }),
      ),
  };
}

describe("ConfigState", () => {
  test("ignores what is equal, and wipes it", async () => {
    const initial = settings("a");
    const state = new ConfigState(initial);
    const { apply, applied } = scripted();
    state.begin(apply);
    const same = settings("a");
    state.update(same);
    await settle();
    assert.equal(applied.length, 0);
    assert.equal(wiped(same), true);
    assert.equal(wiped(initial), false);
  });

  test("replaces the whole, also when only a secret changed, and wipes what it replaced", async () => {
    const initial = settings("a");
    const state = new ConfigState(initial);
    const { apply, applied } = scripted();
    state.begin(apply);
    const next = settings("a", "other");
    state.update(next);
    await settle();
    assert.equal(applied[0]?.settings, next);
    assert.equal(wiped(initial), false);
    applied[0].done();
    await settle();
    assert.equal(wiped(initial), true);
    assert.equal(wiped(next), false);
  });

  test("applies one at a time, and of those that wait only the newest", async () => {
    const state = new ConfigState(settings("a"));
    const { apply, applied } = scripted();
    state.begin(apply);
    const [b, c, d] = [settings("b"), settings("c"), settings("d")];
    for (const next of [b, c, d]) state.update(next);
    await settle();
    assert.deepEqual(
      applied.map((one) => one.settings),
      [b],
    );
    assert.equal(wiped(c), true);
    applied[0]?.done();
    await settle();
    assert.deepEqual(
      applied.map((one) => one.settings),
      [b, d],
    );
  });

  test("keeps what is in force when a change is refused, and says so until it is mended", async () => {
    const initial = settings("a");
    const state = new ConfigState(initial);
    const { apply, applied } = scripted();
    state.begin(apply);
    const bad = settings("b");
    state.update(bad);
    applied[0]?.fail(new Error("No such mode."));
    await settle();
    assert.equal(
      state.problem,
      "The changed provider config was refused: No such mode. Correct the provider's named config; the host sends the change by itself.",
    );
    assert.equal(wiped(initial), false);
    assert.equal(wiped(bad), true);
    state.update(settings("a"));
    await settle();
    assert.equal(state.problem, undefined);
    assert.equal(applied.length, 1);
  });

  test("what comes before the provider exists is applied then", async () => {
    const state = new ConfigState(settings("a"));
    state.update(settings("b"));
    const { apply, applied } = scripted();
    state.begin(apply);
    await settle();
    assert.equal(applied[0]?.settings.config["v"], "b");
  });

  test("an apply that throws at once is a refusal", async () => {
    const state = new ConfigState(settings("a"));
    state.begin(() => {
      throw new Error("Not a promise.");
    });
    state.update(settings("b"));
    await settle();
    assert.match(state.problem ?? "", /Not a promise/);
  });

  test("the host's updates reach the provider whole, once per change", async () => {
    const seen: (readonly [object, string | undefined])[] = [];
    await using it = await Lab.start({
      definition: { sensitiveConfigKeys: ["seed"] },
      host: { config: { a: "1", b: "2" } },
      instance: {
        updateConfig: async ({ config, exposed }) => {
          seen.push([{ ...config }, exposed.get("seed")?.revealText()]);
          if (config["a"] === "bad") throw new Error("`a` cannot be bad.");
        },
      },
    });
    // A host tells the config again right after the start, and each host with a copy tells it.
    await it.host.updateConfig({ a: "1", b: "2" });
    for (let i = 0; i < 3; i++)
      await it.host.updateConfig({ a: "1", seed: "S" });
    await it.host.updateConfig({ a: "bad" });
    await until("three changes", 5_000, () => seen.length === 2);
    assert.deepEqual(seen, [
      [{ a: "1" }, "S"],
      [{ a: "bad" }, undefined],
    ]);
    assert.equal(
      await it.host.waitUnhealthy(/provider config/),
      "provider config: The changed provider config was refused: `a` cannot be bad. Correct the provider's named config; the host sends the change by itself.",
    );
    await it.host.updateConfig({ a: "1", seed: "S" });
    await it.host.waitHealthy();
    assert.equal(seen.length, 2);
  });

  test("a provider that does not take changes says when they take effect", async () => {
    await using it = await Lab.start();
    await it.host.updateConfig({ a: "2" });
    await until("the event", 5_000, () => it.event("config-updated"));
    assert.equal(
      it.event("config-updated")?.message,
      "The provider config changed; it takes effect at the next start.",
    );
  });
});
