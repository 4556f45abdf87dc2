// The provider in a real wasmCloud host 1.9, with real components.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { isRunning, until } from "@keyturn/testkit";
import { registry } from "./host/registry.mjs";
import {
  during,
  noExecutable,
  providersOf,
  Site,
  Workshop,
} from "./host/site.mjs";

let shop;
before(async () => {
  shop = await Workshop.open();
});
after(() => shop?.close());

describe("started by a host", () => {
  for (const form of ["script", "executable"]) {
    const skip = form === "executable" && noExecutable;
    test(`a component answers: ${form} from a file`, { skip }, async (t) => {
      const site = await during(t, Site.start(shop));
      await site.serveEcho(shop.archive(form));
    });

    test(
      `a component answers: ${form} from an OCI registry`,
      { skip },
      async (t) => {
        const archive = readFileSync(shop.path(form));
        const images = await during(
          t,
          registry({ "keyturn/messaging:1": archive }),
        );
        const site = await during(
          t,
          Site.start(shop, { registry: images.address }),
        );
        await site.serveEcho(`${images.address}/keyturn/messaging:1`);
        assert.ok(images.served.includes("keyturn/messaging:1"));
      },
    );
  }
});

describe("messages", () => {
  let site;
  before(async () => {
    site = await Site.start(shop);
    await site.serveEcho();
  });
  after(() => site?.[Symbol.asyncDispose]());

  test("of nearly a mebibyte go there and back", async () => {
    const text = "x".repeat(1024 * 1024 - 512);
    assert.equal(await site.ask("echo", text, 20_000), text);
  });

  test("on which a component fails, or traps, do not keep others from it", async () => {
    for (const text of ["fail", "trap"]) {
      const answer = site.ask("echo", text, 1500);
      await assert.rejects(answer, { name: "TimeoutError" });
      await site.answers("echo");
    }
    assert.match(site.host.log, /asked to fail/);
  });

  test("are asked and answered by another component", async () => {
    await site.configs({
      front: { subscriptions: "front.*|front" },
      back: { subscriptions: "back.*|back" },
    });
    await site.host.scale("front", shop.component("front"), 10);
    await site.host.scale("back", shop.component("echo"), 10);
    await site.link("front", "front", "front");
    await site.link("back", "back", "back");
    await site.answers("front.prices");
    const asked = Array.from({ length: 50 }, (_, i) => `${i}`);
    assert.deepEqual(
      await Promise.all(asked.map((text) => site.ask("front.prices", text))),
      asked,
    );
  });

  test("come by two named links of one component, of which one is deleted", async () => {
    await site.configs({
      red: { subscriptions: "red" },
      blue: { subscriptions: "blue" },
    });
    const ends = { component: "echo", provider: "messaging" };
    for (const name of ["red", "blue"])
      await site.host.handlerLink({ ...ends, name, config: [name] });
    await site.answers("red");
    await site.answers("blue");
    await site.host.deleteLink("messaging", "red");
    await until("nobody to answer", 10_000, () =>
      site.ask("red", "hello", 500).then(
        () => false,
        () => true,
      ),
    );
    await site.answers("blue");
    await site.answers("echo");
  });

  test("of another subject come when a link is put again with other config, and when it is deleted before", async () => {
    const both = { component: "echo", provider: "messaging", name: "moved" };
    for (const subject of ["first", "second"]) {
      await site.configs({ [subject]: { subscriptions: subject } });
      await site.host.handlerLink({ ...both, config: [subject] });
      await site.answers(subject);
    }
    await site.host.deleteLink("messaging", "moved");
    await site.host.handlerLink({ ...both, config: ["first"] });
    await site.answers("first");
  });

  test("are delivered by a second provider beside the first, once each", async () => {
    await site.host.handlerLink({
      component: "echo",
      provider: "second",
      config: ["in"],
    });
    await site.host.startProvider("second", shop.archive());
    await until("two subscriptions", 20_000, async () => {
      const { connections } = await site.backing.monitor("connz?subs=1");
      const lists = connections.map((each) => each.subscriptions_list ?? []);
      return lists.filter((list) => list.includes("echo")).length === 2;
    });
    let answers = 0;
    const inbox = "answers.here";
    site.client.subscribe(inbox, { callback: () => void answers++ });
    for (let i = 0; i < 100; i++)
      site.client.publish("echo", `${i}`, { reply: inbox });
    await until("all answers", 20_000, () => answers >= 100);
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(answers, 100);
  });
});

describe("life", () => {
  test("health is told while the messaging server is there, and why when it is not", async (t) => {
    const site = await during(t, Site.start(shop));
    await site.serveEcho();
    await site.host.event("health_check_passed");
    await site.backing.stop();
    const since = site.host.events.length;
    await site.host.event("health_check_failed", { since, ms: 60_000 });
    await site.backing.restart();
    await site.answers("echo");
    const later = site.host.events.length;
    await site.host.event("health_check_passed", { since: later, ms: 60_000 });
  });

  test("a provider that is killed serves its links again", async (t) => {
    const site = await during(t, Site.start(shop));
    await site.serveEcho();
    const [pid] = providersOf(site.host);
    process.kill(pid, "SIGKILL");
    await until("its end", 5000, () => !isRunning(pid));
    await site.answers("echo");
    assert.notEqual(providersOf(site.host)[0], pid);
  });

  test("no provider outlives a host that is killed", async (t) => {
    const site = await during(t, Site.start(shop));
    await site.serveEcho();
    const [pid] = providersOf(site.host);
    site.host.process.kill("SIGKILL");
    await until("the provider's end", 15_000, () => !isRunning(pid));
  });

  test("one that is stopped finishes what it has begun", async (t) => {
    const site = await during(t, Site.start(shop));
    await site.serveEcho();
    const [pid] = providersOf(site.host);
    const asked = Array.from({ length: 20 }, (_, i) =>
      site.ask("echo", `${i}`),
    );
    const settled = Promise.allSettled(asked);
    // What has been published before has reached the provider.
    await site.client.flush();
    await site.ask("echo", "last");
    await site.host.stopProvider("messaging");
    await site.host.event("provider_stopped");
    await until("its end", 5000, () => !isRunning(pid));
    const failed = (await settled).filter(
      ({ status }) => status !== "fulfilled",
    );
    assert.deepEqual(failed, []);
  });

  test("the lattice's server restarts under it", async (t) => {
    const site = await during(t, Site.start(shop));
    await site.serveEcho();
    await site.host.server.restart();
    await site.answers("echo", 60_000);
  });

  test("config of the provider takes effect when it changes", async (t) => {
    const site = await during(t, Site.start(shop));
    await site.host.putConfig("shared", { cluster_uris: site.backing.url });
    await site.host.startProvider("messaging", shop.archive(), ["shared"]);
    await site.host.scale("echo", shop.component("echo"), 10);
    const ends = { component: "echo", provider: "messaging" };
    await site.host.putConfig("only", { queue_group: "workers" });
    await site.host.handlerLink({ ...ends, config: ["only"] });
    await site.host.consumerLink(ends);
    await site.host.putConfig("shared", {
      cluster_uris: site.backing.url,
      subscriptions: "later",
    });
    await site.answers("later");
  });
});
