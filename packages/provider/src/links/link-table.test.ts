import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Secret } from "@keyturn/nats";
import {
  link,
  quick,
  settle,
  slow,
  started,
  wiped,
} from "../testing/table-lab.test.js";
import { ScriptedHandler } from "../testing/scripted-handler.test.fixture.js";
import type { Link } from "./link.js";
import { LinkTable } from "./link-table.js";

describe("LinkTable", () => {
  test("waits for the provider's code, then makes links at the same time", async () => {
    const table = new LinkTable(quick);
    const handler = new ScriptedHandler({ change: true });
    table.put(link("a"));
    table.put(link("b", { peer: "other" }));
    await settle();
    assert.deepEqual(handler.log, []);
    table.begin(handler);
    await settle();
    assert.deepEqual(handler.log, ["put a", "put b"]);
  });

  test("peer, link name and direction make different links", async () => {
    const { table, handler } = started();
    table.put(link("a"));
    table.put(link("b", { name: "second" }));
    table.put(link("c", { direction: "source" }));
    table.put(link("d", { peer: "other" }));
    await settle();
    assert.deepEqual(handler.log, ["put a", "put b", "put c", "put d"]);
    for (const operation of handler.operations) operation.succeed();
    await settle();
    table.delete(link("b", { name: "second" }));
    await settle();
    assert.deepEqual(handler.log.slice(4), ["delete b"]);
    handler.last.succeed();
    await settle();
    assert.equal(table.size, 3);
  });

  test("ignores an identical put and wipes its secrets", async () => {
    const { table, handler } = started();
    const first = link("a");
    const again = link("a");
    table.put(first);
    await settle();
    table.put(again);
    handler.last.succeed();
    await settle();
    const third = link("a");
    table.put(third);
    await settle();
    assert.deepEqual(handler.log, ["put a"]);
    assert.deepEqual(wiped(first, again, third), [false, true, true]);
  });

  for (const [what, changes] of Object.entries<Partial<Link>>({
    "other config": { config: { v: "b" } },
    "a further key": { config: { v: "a", w: "" } },
    "an exposed secret": { exposed: new Map([["seed", Secret.fromText("x")]]) },
    "a secret": { secrets: new Map([["seed", Secret.fromText("x")]]) },
    "no secrets": { secrets: new Map() },
    "other interfaces": { interfaces: ["handler"] },
  }))
    test(`a put with ${what} is a change`, async () => {
      const { table, handler } = started();
      const first = link("a");
      const second = link("a", changes);
      table.put(first);
      await settle();
      handler.last.succeed();
      await settle();
      table.put(second);
      await settle();
      assert.equal(handler.last.name, "change");
      assert.equal(handler.last.link, second);
      assert.equal(handler.last.previous, first);
      assert.deepEqual(wiped(first), [false]);
      handler.last.succeed();
      await settle();
      assert.deepEqual(wiped(first), [true]);
    });

  test("a link whose secrets its maker has wiped is not known to be the same", async () => {
    const { table, handler } = started();
    const first = link("a");
    table.put(first);
    await settle();
    first.secrets.get("seed")?.wipe();
    handler.last.succeed();
    await settle();
    table.put(link("a"));
    await settle();
    assert.deepEqual(handler.log, ["put a", "change a"]);
  });

  test("without changeLink a change is a delete and a put", async () => {
    const { table, handler } = started({ change: false });
    const first = link("a");
    table.put(first);
    await settle();
    handler.last.succeed();
    await settle();
    table.put(link("b"));
    await settle();
    assert.deepEqual(handler.log, ["put a", "delete a"]);
    assert.deepEqual(wiped(first), [false]);
    handler.last.succeed();
    await settle();
    assert.deepEqual(wiped(first), [true]);
    assert.deepEqual(handler.log, ["put a", "delete a", "put b"]);
  });

  test("a newer put aborts the running one and skips what lies between", async () => {
    const { table, handler } = started();
    const links = ["a", "b", "c"].map((value) => link(value));
    for (const one of links) table.put(one);
    await settle();
    assert.deepEqual(handler.log, ["put a"]);
    assert.equal(handler.last.signal?.aborted, true);
    assert.deepEqual(wiped(...links), [false, true, false]);
    handler.last.fail(new Error("aborted"));
    await settle();
    assert.deepEqual(handler.log, ["put a", "put c"]);
    assert.deepEqual(wiped(...links), [true, true, false]);
    assert.equal(table.counters.failures, 0);
  });

  test("a put that succeeds although it was aborted is changed to the newer", async () => {
    const { table, handler } = started();
    table.put(link("a"));
    await settle();
    table.put(link("b"));
    handler.last.succeed();
    await settle();
    assert.deepEqual(handler.log, ["put a", "change b"]);
  });

  test("going back to what is in force gives a running change up", async () => {
    const { table, handler } = started();
    const first = link("a");
    table.put(first);
    await settle();
    handler.last.succeed();
    await settle();
    table.put(link("b"));
    await settle();
    table.put(link("a"));
    assert.equal(handler.last.signal?.aborted, true);
    handler.last.fail(new Error("aborted"));
    await settle();
    assert.deepEqual(handler.log, ["put a", "change b"]);
    assert.deepEqual(wiped(first), [false]);
    assert.deepEqual(table.problems(), []);
  });

  test("delete waits for the running put, then removes; put after delete makes anew", async () => {
    const { table, handler } = started();
    const first = link("a");
    table.put(first);
    await settle();
    table.delete(first);
    assert.equal(handler.last.signal?.aborted, true);
    handler.last.succeed();
    await settle();
    assert.deepEqual(handler.log, ["put a", "delete a"]);
    table.put(link("a"));
    await settle();
    assert.deepEqual(handler.log, ["put a", "delete a"]);
    handler.last.succeed();
    await settle();
    assert.deepEqual(handler.log, ["put a", "delete a", "put a"]);
  });

  test("delete then put of the same before the delete began is nothing", async () => {
    const { table, handler } = started();
    const first = link("a");
    table.put(first);
    await settle();
    table.delete(first);
    table.put(link("a"));
    handler.last.succeed();
    await settle();
    assert.deepEqual(handler.log.slice(0, 1), ["put a"]);
    assert.equal(table.size, 1);
    assert.deepEqual(table.problems(), []);
  });

  test("an unknown delete is nothing, and a deleted link is forgotten", async () => {
    const { table, handler } = started();
    assert.equal(table.delete(link("a")), false);
    table.put(link("a"));
    await settle();
    assert.equal(table.delete(link("a")), true);
    handler.last.fail(new Error("aborted"));
    await settle();
    assert.equal(table.size, 0);
    assert.deepEqual(handler.log, ["put a"]);
  });

  test("a delete that fails counts as done", async () => {
    const { table, handler } = started();
    table.put(link("a"));
    await settle();
    handler.last.succeed();
    await settle();
    table.delete(link("a"));
    await settle();
    handler.last.fail(new Error("connection lost"));
    await settle();
    assert.equal(table.size, 0);
  });

  test("a failed put is tried again until it works, and shows until then", async () => {
    const { table, handler, begun } = started();
    table.put(link("a"));
    for (let attempt = 1; attempt <= 3; attempt++) {
      await begun(attempt);
      handler.last.fail(new Error(`refused ${attempt}`));
      await settle();
      const [problem] = table.problems();
      assert.equal(problem?.reason, `refused ${attempt}`);
      assert.equal(problem.attempts, attempt);
    }
    await begun(4);
    assert.equal(table.problems().length, 1);
    handler.last.succeed();
    await settle();
    assert.deepEqual(table.problems(), []);
    assert.deepEqual(handler.log, ["put a", "put a", "put a", "put a"]);
    assert.equal(table.counters.failures, 3);
  });

  test("a failed change leaves the link in force and is tried again", async () => {
    const { table, handler, begun } = started();
    const first = link("a");
    table.put(first);
    await settle();
    handler.last.succeed();
    await settle();
    table.put(link("b"));
    await settle();
    handler.last.fail(new Error("refused"));
    await begun(3);
    assert.equal(handler.last.previous, first);
    assert.deepEqual(wiped(first), [false]);
    assert.equal(table.problems()[0]?.reason, "refused");
  });

  test("a put, a delete and a close end the pause between attempts", async () => {
    for (const end of ["put", "same", "delete", "close"] as const) {
      const table = new LinkTable(slow);
      const handler = new ScriptedHandler({ change: true });
      table.begin(handler);
      const first = link("a");
      table.put(first);
      await settle();
      handler.last.fail(new Error("refused"));
      await settle();
      if (end === "put") table.put(link("b"));
      if (end === "same") table.put(link("a"));
      if (end === "delete") table.delete(first);
      if (end === "close") await table.close();
      await settle();
      const expected = {
        put: "put b",
        same: "put a",
        delete: undefined,
        close: undefined,
      };
      assert.equal(handler.log[1], expected[end], end);
      if (end === "delete") {
        assert.equal(table.size, 0);
        assert.deepEqual(wiped(first), [true]);
      }
    }
  });

  test("a refused put shows, and leaves what was there in force", async () => {
    const { table, handler } = started();
    const first = link("a");
    table.put(first);
    await settle();
    handler.last.succeed();
    await settle();
    table.refuse(first, new Error("wrong seal"));
    assert.equal(table.problems()[0]?.reason, "wrong seal");
    assert.deepEqual(wiped(first), [false]);
    table.put(link("a"));
    assert.deepEqual(table.problems(), []);
    table.refuse(link("b", { peer: "other" }), new Error("wrong seal"));
    assert.equal(table.size, 2);
    table.delete(link("b", { peer: "other" }));
    await settle();
    assert.equal(table.size, 1);
    assert.deepEqual(handler.log, ["put a"]);
  });

  test("a put that throws at once is a failure like any other", async () => {
    const table = new LinkTable(quick);
    table.begin({
      putLink: () => {
        throw new Error("not a promise");
      },
      deleteLink: () => Promise.resolve(),
    });
    table.put(link("a"));
    await table.tried();
    assert.equal(table.problems()[0]?.reason, "not a promise");
    await table.close();
  });

  test("tried settles when each link was tried once, well or not", async () => {
    const { table, handler } = started({ change: true, retry: slow });
    for (const peer of ["one", "two", "three"]) table.put(link("a", { peer }));
    table.refuse(link("a", { peer: "four" }), new Error("wrong seal"));
    let tried = false;
    void table.tried().then(() => (tried = true));
    await settle();
    handler.operations[0]?.succeed();
    handler.operations[1]?.fail(new Error("refused"));
    await settle();
    assert.equal(tried, false);
    handler.operations[2]?.succeed();
    await settle();
    assert.equal(tried, true);
    await table.close();
  });

  test("links that hang keep others waiting for a second at most", async () => {
    const { table, handler, begun } = started();
    for (let i = 0; i < 40; i++) table.put(link("a", { peer: `p${i}` }));
    await settle();
    assert.equal(handler.operations.length, 32);
    await begun(40);
  });

  test("links that end make room at once, aborted ones give their turn away", async () => {
    const { table, handler } = started();
    for (let i = 0; i < 40; i++) table.put(link(`${i}`, { peer: `p${i}` }));
    await settle();
    table.delete(link("", { peer: "p32" }));
    for (const operation of handler.operations.slice(0, 3)) operation.succeed();
    await settle();
    assert.deepEqual(handler.log.slice(32), ["put 33", "put 34", "put 35"]);
    for (const operation of handler.operations) operation.succeed();
    await settle();
    assert.equal(handler.operations.length, 39);
  });

  test("a link that takes long shows in health", async (context) => {
    context.mock.timers.enable({ apis: ["Date"] });
    const { table } = started();
    table.put(link("a"));
    context.mock.timers.tick(4_900);
    assert.deepEqual(table.problems(), []);
    context.mock.timers.tick(2_000);
    assert.equal(table.problems()[0]?.reason, "not ready after 7 s.");
  });

  test("close aborts what runs and takes nothing more; wipe wipes all", async () => {
    const { table, handler } = started();
    const links = [link("a"), link("b", { peer: "other" })];
    for (const one of links) table.put(one);
    await settle();
    handler.operations[0]?.succeed();
    await settle();
    const closed = table.close();
    assert.equal(handler.operations[1]?.signal?.aborted, true);
    handler.operations[1].fail(new Error("aborted"));
    await closed;
    const late = [link("c"), link("d", { peer: "third" })];
    for (const one of late) table.put(one);
    await settle();
    assert.deepEqual(handler.log, ["put a", "put b"]);
    assert.deepEqual(wiped(...late), [true, true]);
    table.wipe();
    assert.deepEqual(wiped(...links), [true, true]);
  });

  test("there is a bound", () => {
    const table = new LinkTable(quick);
    for (let i = 0; i < 10_000; i++) table.put(link("a", { peer: `p${i}` }));
    const late = link("a");
    assert.throws(() => table.put(late), {
      code: "PROVIDER_TOO_MANY_LINKS",
      message:
        "There are 10000 links already; a further one was not made. Delete unused links, or spread them over several provider ids.",
    });
    assert.deepEqual(wiped(late), [true]);
  });
});
