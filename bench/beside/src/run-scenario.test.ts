import assert from "node:assert/strict";
import { test } from "node:test";

import type { Contender } from "./arena/contender.js";
import { runScenario } from "./run-scenario.js";
import { scenarios, select } from "./scenarios/index.js";
import type { Scenario, Stage } from "./scenarios/scenario.js";

const contender = (name: string): Contender => ({
  name,
  what: name,
  command: ["true"],
});

const stage = (isQuick: boolean): Stage => ({
  effort: { isQuick, soakSeconds: 1 },
  driver: "true",
  open: () => Promise.reject(new Error("not in this test")),
});

function recorded(said: string[], fails = false): Scenario {
  return {
    name: "test",
    what: "a test",
    shows: ["ms"],
    rounds: { full: 3, quick: 0 },
    open: ({ name }) =>
      Promise.resolve({
        run: () => {
          said.push(name);
          if (fails) throw new Error("as told");
          return Promise.resolve({ ms: said.length });
        },
        close: () => {
          said.push(`close ${name}`);
          return Promise.resolve();
        },
      }),
    prepare: (runs) => {
      said.push(`prepare ${runs.length}`);
      return Promise.resolve();
    },
  };
}

test("contenders take turns, and each second round goes the other way round", async () => {
  const said: string[] = [];
  const both = [contender("a"), contender("b")];
  const { results } = await runScenario(recorded(said), both, stage(false));
  assert.equal(said.join(), "prepare 2,a,b,b,a,a,b,close a,close b");
  assert.deepEqual(results[1]?.samples, [{ ms: 3 }, { ms: 4 }, { ms: 7 }]);
});

test("a run that fails leaves nothing open; a quick one that is named runs once", async () => {
  const said: string[] = [];
  await assert.rejects(
    runScenario(recorded(said, true), [contender("a")], stage(true)),
    { message: "as told" },
  );
  assert.equal(said.join(), "prepare 1,a,close a");
  said.length = 0;
  await runScenario(recorded(said), [contender("a")], stage(true));
  assert.equal(said.join(), "prepare 1,a,close a");
});

test("scenarios are chosen by name or group, in their own order", () => {
  const names = (words: string[], isQuick = false): string =>
    select(words, isQuick)
      .map(({ name }) => name)
      .join();
  assert.equal(
    names(["start", "delivery", "delivery 64B"]),
    "delivery 64B,delivery 1KiB,delivery 64KiB,start",
  );
  assert.equal(select([], false).length, scenarios.length);
  assert.ok(!names([], true).includes("soak"));
  assert.equal(names(["soak"], true), "soak");
  assert.throws(() => names(["delivry", "nope"]), {
    message:
      /^There is no scenario "delivry", "nope"\. There are: "delivery 64B", .*, and the first word of each for a group\.$/,
  });
});
