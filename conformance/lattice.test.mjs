// What takes more than one host, server or copy of a component: in a real lattice, under traffic, with our
// archive, and beside it with one of the Rust provider that `keyturn par create` has made.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isRunning, natsServer, until } from "@keyturn/testkit";
import { connect } from "@nats-io/transport-node";
import { rustProvider } from "../scripts/lib/cargo.mjs";
import { answers, during, providersOf, Site, Workshop } from "./host/site.mjs";
import { WasmcloudHost } from "./host/wasmcloud-host.mjs";

let shop;
before(async () => {
  shop = await Workshop.open();
});
after(() => shop?.close());

/** Asks on a subject, again and again, and counts the answers to each. */
class Traffic {
  #client;
  #subject;
  #timer;
  #counts = [];

  constructor(client, subject) {
    this.#client = client;
    this.#subject = subject;
  }

  async start(everyMs = 2) {
    const inbox = `answers.${this.#subject}`;
    this.#client.subscribe(inbox, {
      callback: (_error, message) => {
        this.#counts[Number(message.string())]++;
      },
    });
    await this.#client.flush();
    this.#timer = setInterval(() => {
      const reply = { reply: inbox };
      this.#client.publish(this.#subject, `${this.#counts.length}`, reply);
      this.#counts.push(0);
    }, everyMs);
    return this;
  }

  get sent() {
    return this.#counts.length;
  }

  /** Waits until so many more have been sent. */
  async more(count) {
    const enough = this.sent + count;
    await until("traffic", 30_000, () => this.sent >= enough);
  }

  /** Ends it, and says what has come of it. */
  async stop() {
    clearInterval(this.#timer);
    await until("all answers", 5000, () =>
      this.#counts.every((count) => count > 0),
    ).catch(() => undefined);
    // Time for a second answer.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const having = (test) => this.#counts.filter(test).length;
    return {
      sent: this.sent,
      lost: having((count) => count === 0),
      twice: having((count) => count > 1),
    };
  }
}

const providers = {
  Keyturn: async () => shop.archive(),
  Rust: async () => shop.archive("rust", await rustProvider()),
};

for (const [name, archive] of Object.entries(providers)) {
  /** Tells what was found; it is expected of ours alone. */
  const expect = (t, found, expected) => {
    t.diagnostic(JSON.stringify(found));
    if (name === "Keyturn") assert.deepEqual(found, expected);
  };

  describe(`the archive of ${name}`, () => {
    test("is started, and serves", async (t) => {
      const site = await during(t, Site.start(shop));
      await site.serveEcho(await archive());
    });

    test("under a component that is scaled up and down, messages are handled once, and what is lost is told", async (t) => {
      const site = await during(t, Site.start(shop));
      await site.serveEcho(await archive(), { handler_timeout_ms: "3000" });
      const traffic = await new Traffic(site.client, "echo").start();
      for (const count of [20, 2, 50, 5]) {
        await traffic.more(200);
        await site.host.scale("echo", shop.component("echo"), count);
      }
      await traffic.more(200);
      const found = await traffic.stop();
      // A host drops the calls that are under way in a component when it changes how many run at once.
      const told = /had no result within its deadline/.test(site.host.log);
      expect(
        t,
        { ...found, told },
        { ...found, twice: 0, told: found.lost > 0 },
      );
    });

    test("on two hosts, a queue group has each message handled once, also when one host is killed", async (t) => {
      const site = await during(t, Site.start(shop));
      await site.serveEcho(await archive());
      const { server } = site.host;
      const second = await during(
        t,
        WasmcloudHost.start(shop.host, { server }),
      );
      await second.scale("echo", shop.component("echo"), 10);
      await second.startProvider("messaging", await archive());
      await until("two subscriptions", 20_000, async () => {
        const { connections } = await site.backing.monitor("connz?subs=1");
        return (
          connections.filter(({ subscriptions_list: list = [] }) =>
            list.includes("echo"),
          ).length === 2
        );
      });
      const both = await new Traffic(site.client, "echo").start();
      await both.more(500);
      const before = await both.stop();
      expect(t, before, { sent: before.sent, lost: 0, twice: 0 });

      const [pid] = providersOf(second);
      second.process.kill("SIGKILL");
      if (name === "Rust") process.kill(pid, "SIGKILL");
      await until("its provider's end", 15_000, () => !isRunning(pid));
      await site.answers("echo");
      const one = await new Traffic(site.client, "echo").start();
      await one.more(500);
      const found = await one.stop();
      expect(t, found, { sent: found.sent, lost: 0, twice: 0 });
    });

    test("links on two servers stay apart; one server is stopped and started again", async (t) => {
      const site = await during(t, Site.start(shop));
      const other = await during(t, natsServer());
      const there = await connect({
        servers: other.url,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 100,
      });
      t.after(() => there.close());
      await site.serveEcho(await archive());
      await site.host.scale("other", shop.component("echo"), 10);
      await site.configs({
        "other-in": { cluster_uris: other.url, subscriptions: "echo" },
        "other-out": { cluster_uris: other.url },
      });
      const ends = { component: "other", provider: "messaging" };
      const link = { ...ends, name: "other" };
      await site.host.handlerLink({ ...link, config: ["other-in"] });
      await site.host.consumerLink({ ...ends, config: ["other-out"] });
      await answers(there, "echo", 20_000);
      const here = await new Traffic(site.client, "echo").start();
      const far = await new Traffic(there, "echo").start();
      await far.more(300);
      const apart = await far.stop();
      expect(t, apart, { sent: apart.sent, lost: 0, twice: 0 });
      await other.stop();
      await here.more(300);
      await other.restart();
      await answers(there, "echo", 30_000);
      const found = await here.stop();
      expect(t, found, { sent: found.sent, lost: 0, twice: 0 });
    });
  });
}
