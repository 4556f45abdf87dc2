// The provider in a real wasmCloud host 1.9, with real components.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isRunning, natsServer, until } from "@keyturn/testkit";
import { connect } from "@nats-io/transport-node";
import { root } from "../scripts/lib/workspace.mjs";
import { buildHost } from "./host/build-host.mjs";
import { buildComponents } from "./host/components.mjs";
import { registry } from "./host/registry.mjs";
import { WasmcloudHost } from "./host/wasmcloud-host.mjs";

const target = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;
const executable = join(root, "dist/exe", `keyturn-messaging-${target}`);

let folder;
let component;
let program;
const at = (name) => join(folder, name);

before(async () => {
  program = await buildHost();
  const components = await buildComponents();
  component = (name) => `file://${components(name)}`;
  folder = mkdtempSync(join(tmpdir(), "keyturn-conformance-"));
  const keyturn = (...args) =>
    execFileSync(process.execPath, [
      join(root, "packages/cli/dist/main.js"),
      "par",
      ...args,
    ]);
  const keys = ["--issuer", at("issuer.nk"), "--provider", at("provider.nk")];
  keyturn("keygen", "issuer", at("issuer.nk"));
  keyturn("keygen", "provider", at("provider.nk"));
  keyturn("create", "--out", at("script.par.gz"), ...keys);
  if (existsSync(executable)) {
    const binary = ["--binary", `${target}=${executable}`];
    keyturn("create", "--out", at("executable.par.gz"), ...binary, ...keys);
  }
});
after(() => folder && rmSync(folder, { recursive: true }));

/** A host, a messaging server beside its lattice, and a client there. */
class Site {
  static async start(options) {
    const site = new Site();
    site.backing = await natsServer();
    site.client = await connect({
      servers: site.backing.url,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
    });
    site.host = await WasmcloudHost.start(program, options);
    return site;
  }

  /** Config of links, by name; each with the messaging server. */
  async configs(configs) {
    for (const [name, config] of Object.entries(configs))
      await this.host.putConfig(name, {
        cluster_uris: this.backing.url,
        ...config,
      });
  }

  /**
   * Both ways, as most components are linked. A host takes one link of a name from a provider; those
   * of components have the name that they call by when they say none.
   */
  async link(component, config, name = "default") {
    const ends = { component, provider: "messaging" };
    await this.host.handlerLink({ ...ends, name, config: [config] });
    await this.host.consumerLink({ ...ends, config: ["out"] });
  }

  /** The provider `messaging` and the component `echo`, which answers on the subject `echo`. */
  async serveEcho(archive = `file://${at("script.par.gz")}`) {
    await this.configs({ in: { subscriptions: "echo|workers" }, out: {} });
    await this.host.scale("echo", component("echo"), 10);
    // Before the provider: a link that is put while one starts is sent to nobody, and not again.
    await this.link("echo", "in");
    await this.host.startProvider("messaging", archive);
    await this.answers("echo");
  }

  async ask(subject, text, timeout = 5000) {
    return (await this.client.request(subject, text, { timeout })).string();
  }

  /** Waits until a request is answered; a message may come before the subscription stands. */
  async answers(subject, ms = 30_000) {
    try {
      await until(`an answer on ${subject}`, ms, () =>
        this.ask(subject, "hello", 1000).then(
          (answer) => answer === "hello",
          () => false,
        ),
      );
    } catch (error) {
      throw new Error(`${error.message}\n${this.host.log}`, { cause: error });
    }
  }

  /** Processes that the host has started: the provider's. */
  providers() {
    const found = [];
    for (const name of readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const status = readFileSync(`/proc/${name}/status`, "latin1");
        const parent = Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]);
        if (parent === this.host.process.pid) found.push(Number(name));
      } catch {
        // It has ended since.
      }
    }
    return found;
  }

  async [Symbol.asyncDispose]() {
    await this.host?.[Symbol.asyncDispose]();
    await this.client?.close();
    await this.backing?.stop();
  }
}

/** Ends it with the test. */
async function during(t, starting) {
  const started = await starting;
  t.after(() => started[Symbol.asyncDispose]());
  return started;
}

describe("started by a host", () => {
  for (const form of ["script", "executable"]) {
    const skip =
      form === "executable" && !existsSync(executable)
        ? "not built: npm run build:exe"
        : false;
    test(`a component answers: ${form} from a file`, { skip }, async (t) => {
      const site = await during(t, Site.start());
      await site.serveEcho(`file://${at(`${form}.par.gz`)}`);
    });

    test(
      `a component answers: ${form} from an OCI registry`,
      { skip },
      async (t) => {
        const archive = readFileSync(at(`${form}.par.gz`));
        const images = await during(
          t,
          registry({ "keyturn/messaging:1": archive }),
        );
        const site = await during(t, Site.start({ registry: images.address }));
        await site.serveEcho(`${images.address}/keyturn/messaging:1`);
        assert.ok(images.served.includes("keyturn/messaging:1"));
      },
    );
  }
});

describe("messages", () => {
  let site;
  before(async () => {
    site = await Site.start();
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
    await site.host.scale("front", component("front"), 10);
    await site.host.scale("back", component("echo"), 10);
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
    await site.host.startProvider("second", `file://${at("script.par.gz")}`);
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
    const site = await during(t, Site.start());
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
    const site = await during(t, Site.start());
    await site.serveEcho();
    const [pid] = site.providers();
    process.kill(pid, "SIGKILL");
    await until("its end", 5000, () => !isRunning(pid));
    await site.answers("echo");
    assert.notEqual(site.providers()[0], pid);
  });

  test("no provider outlives a host that is killed", async (t) => {
    const site = await during(t, Site.start());
    await site.serveEcho();
    const [pid] = site.providers();
    site.host.process.kill("SIGKILL");
    await until("the provider's end", 15_000, () => !isRunning(pid));
  });

  test("one that is stopped finishes what it has begun", async (t) => {
    const site = await during(t, Site.start());
    await site.serveEcho();
    const [pid] = site.providers();
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
    const site = await during(t, Site.start());
    await site.serveEcho();
    await site.host.server.restart();
    await site.answers("echo", 60_000);
  });

  test("config of the provider takes effect when it changes", async (t) => {
    const site = await during(t, Site.start());
    await site.host.putConfig("shared", { cluster_uris: site.backing.url });
    await site.host.startProvider(
      "messaging",
      `file://${at("script.par.gz")}`,
      ["shared"],
    );
    await site.host.scale("echo", component("echo"), 10);
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
