import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { until } from "@keyturn/testkit";

import {
  link,
  settle,
  slow,
  started,
  wiped,
} from "../testing/table-lab.test.js";

describe("when the provider's config has changed", () => {
  test("links in force are changed to themselves", async () => {
    const { table, handler } = started();
    table.put(link("a"));
    await settle();
    handler.last.succeed();
    await settle();
    table.reapply();
    await settle();
    assert.deepEqual(handler.log, ["put a", "change a"]);
    handler.last.fail(new Error("not with this config"));
    await settle();
    assert.equal(table.problems()[0]?.reason, "not with this config");
    await until("another try", 5_000, () => handler.operations.length === 3);
    handler.last.succeed();
    await settle();
    assert.deepEqual(table.problems(), []);
    assert.deepEqual(wiped(handler.last.link), [false]);
    assert.deepEqual(handler.log, ["put a", "change a", "change a"]);
  });

  test("running puts begin anew and failed ones are tried at once", async () => {
    const { table, handler } = started({ change: true, retry: slow });
    table.put(link("a"));
    table.put(link("b", { peer: "other" }));
    await settle();
    handler.last.fail(new Error("not yet"));
    await settle();
    table.reapply();
    const [problem] = table.problems();
    assert.deepEqual(
      [table.problems().length, problem?.reason, problem?.attempts],
      [1, "not yet", 0],
      "what failed is told until it works",
    );
    assert.equal(handler.operations[0]?.signal?.aborted, true);
    handler.operations[0]?.fail(new Error("aborted"));
    await settle();
    assert.deepEqual(handler.log, ["put a", "put b", "put b", "put a"]);
    for (const operation of handler.operations) operation.succeed();
    await settle();
    assert.deepEqual(table.problems(), []);
    assert.equal(handler.operations.length, 4);
  });

  test("without changeLink a link is deleted and put", async () => {
    const { table, handler } = started({ change: false });
    table.put(link("a"));
    for (let i = 0; i < 3; i++) {
      await settle();
      handler.last.succeed();
      await settle();
      if (i === 0) table.reapply();
    }
    assert.deepEqual(handler.log, ["put a", "delete a", "put a"]);
    table.delete(link("a"));
    table.reapply();
    await settle();
    handler.last.succeed();
    await settle();
    table.reapply();
    assert.equal(table.size, 0);
  });
});
