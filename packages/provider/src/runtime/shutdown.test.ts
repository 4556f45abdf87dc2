import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Secret } from "@keyturn/nats";
import { until } from "@keyturn/testkit";

import { Lab } from "../testing/lab.test.js";
import { timely } from "../testing/timely.test.fixture.js";

const consumer = {
  source: "echo",
  target: "provider",
  namespace: "keyturn",
  package: "lab",
  interfaces: ["lab"],
};
const within = 5_000;

describe("shutdown", () => {
  test("finishes running calls, takes no new ones, cleans up, then replies", async () => {
    const order: string[] = [];
    let asked = false;
    await using it = await Lab.start({
      definition: { shutdownBudgetMs: 5_000 },
      ask: async (question) => {
        if (question === "late") return "";
        asked = true;
        await new Promise((resolve) => setTimeout(resolve, 60));
        order.push("call done");
        return "done";
      },
      instance: {
        close: async (budgetMs) => {
          assert.ok(budgetMs > 0 && budgetMs <= 5_000);
          await new Promise((resolve) => setTimeout(resolve, 20));
          order.push("closed");
        },
      },
    });
    it.context.stopping.addEventListener("abort", () => order.push("stopping"));
    const component = it.component("echo");
    const running = component.ask("").then((answer) => {
      order.push("answered");
      return answer;
    });
    await until("the call", within, () => asked);
    const shutdown = it.host.shutdown({ delayMs: 5_000 }).then((report) => {
      order.push("replied");
      return report;
    });
    await until("the end of service", within, () =>
      component.ask("late", { deadlineMs: 100 }).then(
        () => false,
        (error: { code: string }) => error.code === "WRPC_NO_RESPONDER",
      ),
    );
    assert.equal((await shutdown).replied, true);
    assert.deepEqual(await running, { tag: "ok", val: "done" });
    assert.deepEqual(order, [
      "stopping",
      "call done",
      "answered",
      "closed",
      "replied",
    ]);
    assert.equal(await (await it.started).stopped, "shutdown");
    const end = it.event("provider-stopped");
    assert.equal(end?.unfinished, 0);
    assert.equal(
      end.message,
      "Provider provider has stopped (shutdown); calls cut off: 0.",
    );
  });

  test("keeps to its budget, whatever hangs", () =>
    timely(async () => {
      await using it = await Lab.start({
        obedient: false,
        ask: () => new Promise(() => {}),
        instance: { close: () => new Promise(() => {}) },
      });
      await it.host.putLink(consumer);
      const call = it.component("echo").ask("");
      call.catch(() => undefined);
      await until("the put", within, () => it.handler.operations.length === 1);
      await it.host.health();
      const { replied, ms } = await it.host.shutdown();
      assert.ok(replied, `no reply after ${ms} ms`);
      // A caller whose call is cut off learns it at once.
      await assert.rejects(call, { code: "WRPC_RESULT_MISSING" });
      await (
        await it.started
      ).stopped;
      const end = it.event("provider-stopped");
      assert.equal(end?.unfinished, 1);
      assert.equal(end.level, "warn");
      assert.ok(end.ms < 300, `${end.ms} ms`);
    }));

  test("leaves time for close although calls and links hang", async () => {
    let left = 0;
    await using it = await Lab.start({
      obedient: false,
      definition: { shutdownBudgetMs: 400 },
      ask: () => new Promise(() => {}),
      instance: { close: async (budgetMs) => void (left = budgetMs) },
    });
    await it.host.putLink(consumer);
    it.component("echo")
      .ask("")
      .catch(() => undefined);
    await until("the put", within, () => it.handler.operations.length === 1);
    await it.host.health();
    await (await it.started).stop();
    assert.ok(left > 0 && left <= 100, `${left} ms`);
  });

  test("wipes every secret and closes the connection", async () => {
    await using it = await Lab.start({
      definition: { sensitiveConfigKeys: ["seed"] },
      host: {
        config: { seed: "a" },
        secrets: { b: "b" },
        links: [
          {
            ...consumer,
            targetConfig: { seed: "c" },
            targetSecrets: { d: "d" },
          },
        ],
      },
    });
    const { exposed, secrets, connection } = it.context;
    const { link } = it.handler.last;
    const all = [exposed, secrets, link.exposed, link.secrets].flatMap(
      (map) => [...map.values()],
    );
    assert.deepEqual(
      all.map((one: Secret) => one.wiped),
      [false, false, false, false],
    );
    await (await it.started).stop();
    assert.deepEqual(
      all.map((one: Secret) => one.wiped),
      [true, true, true, true],
    );
    assert.equal(connection.isClosed(), true);
  });

  test("two requests are both answered, and stop is idempotent", async () => {
    await using it = await Lab.start({
      instance: {
        close: () => new Promise((resolve) => setTimeout(resolve, 50)),
      },
    });
    const reports = await Promise.all([it.host.shutdown(), it.host.shutdown()]);
    assert.deepEqual(
      reports.map(({ replied }) => replied),
      [true, true],
    );
    const provider = await it.started;
    await Promise.all([provider.stop(), provider.stop()]);
    assert.equal(await provider.stopped, "shutdown");
    assert.equal(
      it.types().filter((type) => type === "provider-stopped").length,
      1,
    );
  });

  test("a close that fails is told, and stops nothing", async () => {
    await using it = await Lab.start({
      instance: { close: () => Promise.reject(new Error("Disk full.")) },
    });
    assert.equal((await it.host.shutdown()).replied, true);
    assert.equal(
      it.event("provider-close-failed")?.message,
      "Provider provider closed with an error: Disk full.",
    );
  });

  test("health says that it stops", async () => {
    let close: (() => void) | undefined;
    await using it = await Lab.start({
      definition: { shutdownBudgetMs: 5_000 },
      instance: { close: () => new Promise((resolve) => (close = resolve)) },
    });
    const stopping = (await it.started).stop();
    const end = await until("the close", within, () => close);
    assert.deepEqual(await it.host.health(), {
      healthy: false,
      message: "The provider is stopping.",
    });
    end();
    await stopping;
  });

  test("a stop while the provider is being created closes what was created", async () => {
    const closed: number[] = [];
    let create: () => void = () => {};
    const created = new Promise<void>((resolve) => (create = resolve));
    await using it = await Lab.start({
      starting: true,
      definition: {
        create: async () => {
          await created;
          return {
            exports: [],
            putLink: async () => {},
            deleteLink: async () => {},
            close: async (budgetMs) => void closed.push(budgetMs),
          };
        },
      },
    });
    await it.host.waitUnhealthy(/starting/);
    assert.equal((await it.host.shutdown()).replied, true);
    create();
    await assert.rejects(it.started, {
      code: "PROVIDER_STOPPED",
      message:
        "The provider was told to stop while it started. Start it again if it should run.",
    });
    assert.deepEqual(closed, [0]);
  });
});
